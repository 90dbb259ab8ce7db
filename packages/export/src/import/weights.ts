import { tf } from '../tfjs.js';
import { layoutOf, type MatrixLayout, type Place } from './matrices.js';
import { OnnxImportError } from './model/errors.js';
import { Known } from './model/known.js';
import { isGraph } from './model/read-model.js';
import type { Graph, Initializer, Node, OnnxModel } from './model/structure.js';
import type { Operator } from './operators/operator.js';

/** How a weight is read: as a parameter, as a running statistic, or as numbers (axes, bounds). */
export type WeightRole = 'parameter' | 'statistic' | 'constant';

/** A place where a weight's numbers are read. */
export interface WeightUse extends Place {
  readonly role: WeightRole;
}

/** A weight of the file as it is read by nodes. */
export interface FileWeight {
  readonly initializer: Initializer;
  readonly uses: readonly WeightUse[];
  /** Places that read its shape alone: PyTorch's newer exporter asks filters for theirs where the batch is free. */
  readonly shapeUses: readonly Place[];
  /** Of the matrix of a linear map, which an adapter fits. */
  readonly layout?: MatrixLayout | undefined;
}

/** The table's operator for a node. */
export type OperatorOf = (node: Node) => Operator | undefined;

/** All weights of the file, those of graphs within nodes too, with the places where they are read. */
export function weightsOf(model: OnnxModel, operatorOf: OperatorOf): FileWeight[] {
  const uses = new Map<string, WeightUse[]>();
  const shapeUses = new Map<string, Place[]>();
  const found: Initializer[] = [];
  const walk = (graph: Graph): void => {
    found.push(...graph.initializers.values());
    for (const node of graph.nodes) {
      for (const [input, name] of node.inputs.entries()) {
        if (name === '') continue;
        if (SHAPE_READERS.includes(node.op)) {
          shapeUses.set(name, [...(shapeUses.get(name) ?? []), { node, input }]);
        } else {
          uses.set(name, [...(uses.get(name) ?? []), { node, input, role: roleOf(operatorOf(node), input) }]);
        }
      }
      for (const value of node.attributes.values()) if (isGraph(value)) walk(value);
    }
  };
  walk(model.graph);
  const names = new Set<string>();
  for (const { name } of found) {
    if (names.has(name)) throw new OnnxImportError(`weight '${name}' is there twice`);
    names.add(name);
  }
  return found.map((initializer) => ({
    initializer,
    uses: uses.get(initializer.name) ?? [],
    shapeUses: shapeUses.get(initializer.name) ?? [],
    layout: layoutOf(initializer, uses),
  }));
}

const SHAPE_READERS: readonly string[] = ['Shape', 'Size'];

function roleOf(operator: Operator | undefined, input: number): WeightRole {
  if (operator?.constants.includes(input)) return 'constant';
  return operator?.statistics.includes(input) ? 'statistic' : 'parameter';
}

/** Names that exporters make up: `onnx::MatMul_123`, `val_12`, `W__3`. */
const MADE_UP = /^(onnx::|val_\d+$|_?\d+$|const)/;

export const isMadeUp = (name: string): boolean => MADE_UP.test(name);

const ARITHMETIC: readonly string[] = ['Add', 'Sub', 'Mul', 'Div', 'Pow'];

/** Whether the weight is only ever read as numbers: whole numbers, scalars, and what operators read as constants. */
export function isConstant({ initializer: { name, type, shape }, uses }: FileWeight): boolean {
  if (type.tfjs !== 'float32' || shape.length === 0) return true;
  if (uses.length === 0) return false;
  // A number of the program, such as an attention's scale: PyTorch's newer exporter leaves parameters their names but for products.
  const isNumber = /^val_\d+$/.test(name) && shape.every((n) => n === 1);
  return uses.every(({ node, role }) => role === 'constant' || (isNumber && ARITHMETIC.includes(node.op)));
}

export function knownOf({ type, shape, data }: Initializer): Known {
  return new Known(type.tfjs, shape, data());
}

/** Whether all numbers are the same, as those of a fresh bias, scale or running mean. */
export function isUniform({ data }: Initializer): boolean {
  const numbers = data();
  return numbers.every((n) => n === numbers[0]);
}

export function variableOf(initializer: Initializer, trainable: boolean): tf.Variable {
  const { shape, data } = initializer;
  return tf.tidy(() => tf.variable(tf.tensor(Float32Array.from(data()), [...shape], 'float32'), trainable));
}
