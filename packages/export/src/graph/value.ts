/**
 * The recorded graph: values that know how they are computed. No list of nodes is kept: a graph is whatever
 * is reachable from the values one asks for, so dead nodes vanish by themselves.
 */

import { sizeOf } from '@onnx-forge/infer';

/** `int64` occurs only inside graphs (shapes, indices); tfjs itself has float32, int32 and bool. */
export type DType = 'float32' | 'int32' | 'bool' | 'int64';

export type ConstantData = Float32Array | Int32Array | Uint8Array | BigInt64Array;

export type AttributeValue = number | string | readonly number[] | { readonly float: number };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One ONNX operator. A plain number attribute is an int, `{float}` a float, an array ints. */
export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  /** `undefined` stands for an omitted optional input. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
  /** The graph that a Scan or Loop runs at every step. */
  readonly body?: Body;
}

/** A graph within a node. Its inputs are values of kind `input`; it may use all that is known around the node. */
export interface Body {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export type Source =
  | { readonly kind: 'node'; readonly node: GraphNode; readonly index: number }
  | {
      readonly kind: 'constant';
      readonly data: () => ConstantData;
      readonly name?: string;
      /** The number that it holds everywhere, where that is known without looking. */
      readonly uniform?: number;
      /** Random numbers: who drew them, and where. */
      readonly drawn?: string;
    }
  | { readonly kind: 'input'; readonly name: string };

/** A tensor in a recorded graph; its shape is that of the trace (concrete). */
export class Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  source: Source;
  /** The axes whose size depends on a free dimension, where that is known. */
  varying?: ReadonlySet<number>;

  constructor(dtype: DType, shape: readonly number[], source: Source) {
    this.dtype = dtype;
    this.shape = shape;
    this.source = source;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }
}

/** The numbers of a constant; undefined when the value is computed or fed. */
export function constantData(value: Value): ConstantData | undefined {
  return value.source.kind === 'constant' ? value.source.data() : undefined;
}

/** The numbers of a value that is known without a computation: a constant, perhaps reshaped. */
export function storedData(value: Value): ConstantData | undefined {
  let stored = value;
  while (stored.source.kind === 'node' && stored.source.node.op === 'Reshape') stored = stored.source.node.inputs[0]!;
  return constantData(stored);
}

/** A node's own output where another value took its source over. */
export function ownOutput(value: Value): Value {
  return value.source.kind === 'node' ? value.source.node.outputs[value.source.index]! : value;
}

/** The node that computes a value, if it is one of these operators of ONNX's own. */
export function nodeOf(value: Value, ...operators: readonly string[]): GraphNode | undefined {
  if (value.source.kind !== 'node') return undefined;
  const { node } = value.source;
  return node.domain === '' && operators.includes(node.op) ? node : undefined;
}

/** The values that must be known before a node can run, or that are computed within it. */
export function neededBy({ inputs, body }: GraphNode): readonly (Value | undefined)[] {
  return body ? [...inputs, ...body.outputs] : inputs;
}

/** Nodes that the values need, every node after its inputs, and after those of its body. Iterative: recurrent graphs are thousands of nodes deep. */
export function topologicalOrder(outputs: readonly Value[]): GraphNode[] {
  const order: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  const open: { readonly node: GraphNode; readonly needed: readonly (Value | undefined)[]; next: number }[] = [];
  const enter = (value: Value | undefined): void => {
    if (value?.source.kind !== 'node' || seen.has(value.source.node)) return;
    const { node } = value.source;
    seen.add(node);
    open.push({ node, needed: neededBy(node), next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let last = open.at(-1); last; last = open.at(-1)) {
      if (last.next < last.needed.length) enter(last.needed[last.next++]);
      else order.push(open.pop()!.node);
    }
  }
  return order;
}
