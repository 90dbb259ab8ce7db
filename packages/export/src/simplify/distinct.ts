import { fill, ops } from '../graph/build.js';
import type { Attributes, Body, GraphNode, Value } from '../graph/value.js';
import { uniformValue } from './uniform.js';

/** Constants up to this size are one when they are equal; constants of one number everywhere at any size. */
const COMPARED_SIZE = 64;

const COMMUTATIVE: ReadonlySet<string> = new Set(['Add', 'Mul']);

/** Constants and nodes of a graph, equal ones once. Shared by the passes over the graph: a node that a pass leaves, or that a rule made as it should be, stays the same object. */
export class Distinct {
  readonly #ids = new Map<Value, number>();
  readonly #values = new Map<Value, Value>();
  readonly #constants = new Map<string, Value>();
  readonly #nodes = new Map<string, GraphNode>();
  /** Copies of a node have the same object. */
  readonly #attributes = new Map<Attributes, string>();
  readonly #own = new Set<GraphNode>();

  /** The one that stands for all equal ones. Inputs stand for themselves. */
  constant(value: Value): Value {
    return kept(this.#values, value, () => this.#constant(value));
  }

  #constant(value: Value): Value {
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
    return kept(this.#constants, `${dtype}[${shape}]${String.fromCharCode(...bits)}`, () => value);
  }

  /** The node with these inputs, which are distinct themselves. */
  node(original: GraphNode, inputs: readonly (Value | undefined)[], body: Body | undefined): GraphNode {
    const unchanged = isSame(original, inputs, body);
    if (unchanged && this.#own.has(original)) return original;
    const { op, domain, attributes, outputs } = original;
    const idOf = (value: Value | undefined): number => (value ? kept(this.#ids, value, () => this.#ids.size) : -1);
    const ids = inputs.map(idOf);
    const inner = [...(body?.inputs ?? []), ...(body?.outputs ?? [])].map(idOf);
    if (COMMUTATIVE.has(op)) ids.sort((a, b) => a - b);
    const settings = kept(this.#attributes, attributes, () => JSON.stringify(attributes));
    return kept(this.#nodes, `${domain}.${op}(${ids})(${inner})${outputs.length}${settings}`, () => {
      const node = unchanged ? original : nodeOf(ops(op, inputs, outputs, attributes, domain, body));
      this.#own.add(node);
      return node;
    });
  }
}

function nodeOf([output]: readonly Value[]): GraphNode {
  return (output!.source as { node: GraphNode }).node;
}

function isSame(node: GraphNode, inputs: readonly (Value | undefined)[], body: Body | undefined): boolean {
  const same = (all: readonly (Value | undefined)[], others: readonly (Value | undefined)[]): boolean =>
    all.every((value, i) => value === others[i]);
  return same(inputs, node.inputs) && same(body?.outputs ?? [], node.body?.outputs ?? []);
}

function kept<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
