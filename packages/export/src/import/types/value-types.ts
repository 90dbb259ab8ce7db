import { OnnxImportError } from '../model/errors.js';
import { type ElementType, Known } from '../model/known.js';
import { isGraph } from '../model/read-model.js';
import type { Graph, Node, OnnxModel } from '../model/structure.js';
import { elementType } from '../model/tensor-data.js';
import { SIGNATURES } from './signatures.js';

/** ONNX's codes of the types, by their letters in signatures. */
const CODES: Readonly<Record<string, number>> = {
  ...{ f: 1, d: 11, h: 10, b: 9, c: 3, s: 5, i: 6, l: 7, C: 2, S: 4, I: 12, L: 13 },
};

/** Types of values, by the values' names. */
type Types = Map<string, ElementType>;

/** A parameter of an operator: types that it may have, and the letter that it shares with others of the same type. */
interface Parameter {
  readonly letter: string | undefined;
  readonly allowed: readonly ElementType[];
  /** Whether it stands for any number of values. */
  readonly many: boolean;
}

interface Signature {
  readonly inputs: readonly Parameter[];
  readonly outputs: readonly Parameter[];
}

/**
 * The type of every value of the file, those of graphs within nodes too, as the operators' schemas have it; values whose type
 * nothing says are left out.
 *
 * @throws OnnxImportError for inputs of a type that their operator has not, in the file's operator set, and for too many of them
 */
export function valueTypes({ graph, opset }: OnnxModel): ReadonlyMap<string, ElementType> {
  const types: Types = new Map();
  const walk = ({ inputs, initializers, nodes }: Graph): void => {
    for (const { name, type } of [...inputs, ...initializers.values()]) types.set(name, type);
    for (const node of nodes) {
      for (const value of node.attributes.values()) if (isGraph(value)) walk(value);
      const signature = node.domain === '' ? signatureOf(node.op, opset) : undefined;
      if (signature) readTypes(node, signature, types);
    }
  };
  walk(graph);
  return types;
}

/** The newest signature that is not newer than the operator set; undefined for operators that it has not. */
function signatureOf(op: string, opset: number): Signature | undefined {
  const versions = Object.hasOwn(SIGNATURES, op) ? SIGNATURES[op]! : {};
  const since = Math.max(
    ...Object.keys(versions)
      .map(Number)
      .filter((version) => version <= opset),
  );
  if (!Object.hasOwn(versions, since)) return undefined;
  const [inputs, outputs, types] = versions[since]!.split('|').map((part) => part.split(' ').filter(Boolean));
  const allowed = new Map(types!.map((each) => each.split(':') as [string, string]));
  const parameter = (text: string): Parameter => {
    const type = text.replace(/\*+$/, '');
    const own = type.startsWith('=');
    return {
      letter: own || text.endsWith('**') ? undefined : type,
      allowed: [...(own ? type.slice(1) : (allowed.get(type) ?? ''))].map((letter) =>
        elementType(CODES[letter], 'a parameter'),
      ),
      many: text.endsWith('*'),
    };
  };
  return { inputs: inputs!.map(parameter), outputs: outputs!.map(parameter) };
}

/** Checks a node's inputs, and adds the types of its outputs. */
function readTypes(node: Node, { inputs, outputs }: Signature, types: Types): void {
  const bound = new Map<string, { readonly type: ElementType; readonly input: number }>();
  for (const [input, name] of node.inputs.entries()) {
    const parameter = at(inputs, input);
    if (!parameter) throw fault(node, `has ${node.inputs.length} inputs, and takes at most ${inputs.length}`);
    const type = types.get(name);
    if (type === undefined) continue;
    const { letter, allowed } = parameter;
    // Sequences have the type of their parts, and no letters of tensors.
    if (allowed.length > 0 && !allows(allowed, type))
      throw fault(node, `${cant(node, input)}: it is ${type.name}, not ${either(allowed)}`);
    if (letter === undefined) continue;
    const other = bound.get(letter);
    if (other && other.type.name !== type.name) {
      const those = `its input ${other.input} ('${node.inputs[other.input]}') is ${other.type.name}`;
      throw fault(node, `${cant(node, input)}: it is ${type.name}, ${those}, and both must be of one type`);
    }
    bound.set(letter, other ?? { type, input });
  }
  for (const [output, name] of node.outputs.entries()) {
    const parameter = at(outputs, output);
    if (name === '' || !parameter) continue;
    const { letter = '', allowed } = parameter;
    const only = allowed.length === 1 ? allowed[0] : undefined;
    const type = bound.get(letter)?.type ?? only ?? ownType(node, output, types);
    if (type !== undefined) types.set(name, type);
  }
}

const at = (parameters: readonly Parameter[], index: number): Parameter | undefined =>
  parameters[index] ?? (parameters.at(-1)?.many ? parameters.at(-1) : undefined);

/** Operators got BFLOAT16 one after the other: it is taken wherever FLOAT is. */
function allows(allowed: readonly ElementType[], type: ElementType): boolean {
  return allowed.some(({ name }) => name === type.name || (name === 'FLOAT' && type.name === 'BFLOAT16'));
}

/** The type of an output that no input has: attributes say it, or graphs within the node. */
function ownType({ op, name, inputs, attributes }: Node, output: number, types: Types): ElementType | undefined {
  const coded = (attribute: string): ElementType | undefined => {
    const code = attributes.get(attribute);
    return typeof code === 'number' ? elementType(code, `the result of ${op} '${name}'`) : undefined;
  };
  switch (op) {
    case 'Cast':
      return coded('to');
    case 'SplitToSequence':
    case 'SequenceConstruct':
    case 'SequenceAt':
    case 'ConcatFromSequence':
      return types.get(inputs[0] ?? '');
    case 'SequenceEmpty':
    case 'EyeLike':
      return coded('dtype') ?? types.get(inputs[0] ?? '');
    case 'Constant':
    case 'ConstantOfShape': {
      const value = attributes.get('value');
      if (value instanceof Known) return value.element;
      const float = op === 'ConstantOfShape' || attributes.has('value_float') || attributes.has('value_floats');
      return elementType(float ? 1 : 7, 'a constant');
    }
    case 'If': {
      const branch = attributes.get('then_branch');
      return isGraph(branch) ? types.get(branch.outputs[output]?.name ?? '') : undefined;
    }
    default:
      return undefined;
  }
}

const cant = ({ inputs }: Node, input: number): string => `can't take its input ${input} ('${inputs[input]}')`;

function either(types: readonly ElementType[]): string {
  const names = types.map(({ name }) => name);
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function fault({ op, name }: Node, what: string): OnnxImportError {
  return new OnnxImportError(`${op} '${name}' ${what}`, { operator: op, node: name });
}
