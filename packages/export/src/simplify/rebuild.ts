import { fill, ops } from '../graph/build.js';
import { type Body, type GraphNode, ownOutput, topologicalOrder, type Value } from '../graph/value.js';
import { uniformValue } from './uniform.js';

/** Constants up to this size are one when they are equal; constants of one number everywhere at any size. */
const COMPARED_SIZE = 64;

/**
 * The value to take in place of a node's; undefined leaves it. The node has its new inputs already; `original` is the value
 * as it was. Asked for nodes with one output.
 */
export type Rewrite = (node: GraphNode, original: Value) => Value | undefined;

/**
 * Builds again what the outputs need, every node after its inputs, each as `rewrite` wants it. Equal nodes become one; a
 * value that no node computes stays the same object.
 */
export function rebuild(outputs: readonly Value[], rewrite: Rewrite = () => undefined): Value[] {
  const copies = new Map<Value, Value>();
  const distinct = new Distinct();
  const copyOf = (value: Value): Value => {
    const own = ownOutput(value);
    return copies.get(own) ?? distinct.constant(own);
  };
  for (const node of topologicalOrder(outputs)) {
    const copy = distinct.node(
      node,
      node.inputs.map((input) => input && copyOf(input)),
      node.body && { inputs: node.body.inputs, outputs: node.body.outputs.map(copyOf) },
    );
    const [only, ...others] = node.outputs;
    const replaced = only && others.length === 0 ? rewrite(copy, only) : undefined;
    for (const [i, output] of node.outputs.entries()) copies.set(output, replaced ?? copy.outputs[i]!);
  }
  return outputs.map(copyOf);
}

const COMMUTATIVE: ReadonlySet<string> = new Set(['Add', 'Mul']);

/** Values and nodes, each kept once. */
class Distinct {
  readonly #ids = new Map<Value, number>();
  readonly #constants = new Map<string, Value>();
  readonly #nodes = new Map<string, GraphNode>();

  constant(value: Value): Value {
    const number = uniformValue(value);
    const { source, dtype, shape, size } = value;
    if (source.kind !== 'constant') return value;
    if (size > COMPARED_SIZE) {
      if (number === undefined) return value;
      const sign = Object.is(number, -0) ? '-' : '';
      return kept(this.#constants, `${dtype}[${shape}]${sign}${number}`, () => fill(number, dtype, shape));
    }
    const data = source.data();
    const bits = new Uint8Array(data.buffer, data.byteOffset, data.byteLength); // 0 and -0 differ
    return kept(this.#constants, `${dtype}[${shape}]${bits}`, () => value);
  }

  node(
    { op, domain, attributes, outputs }: GraphNode,
    inputs: readonly (Value | undefined)[],
    body: Body | undefined,
  ): GraphNode {
    const idOf = (value: Value | undefined): number => (value ? kept(this.#ids, value, () => this.#ids.size) : -1);
    const ids = inputs.map(idOf);
    const inner = [...(body?.inputs ?? []), ...(body?.outputs ?? [])].map(idOf);
    if (COMMUTATIVE.has(op)) ids.sort((a, b) => a - b);
    return kept(this.#nodes, `${domain}.${op}(${ids})(${inner})${outputs.length}${JSON.stringify(attributes)}`, () => {
      const [made] = ops(op, inputs, outputs, attributes, domain, body);
      return (made!.source as { node: GraphNode }).node;
    });
  }
}

function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
