import { tf } from '../tfjs.js';
import { type Datum, Known } from './model/known.js';
import { isGraph } from './model/read-model.js';
import type { Graph, Node } from './model/structure.js';

/** Whole numbers of 8 or 16 bits: from `least` on, as many as there are. */
interface Narrow {
  readonly least: number;
  readonly count: number;
}

const NARROW: Readonly<Record<string, Narrow>> = {
  INT8: { least: -(2 ** 7), count: 2 ** 8 },
  UINT8: { least: 0, count: 2 ** 8 },
  INT16: { least: -(2 ** 15), count: 2 ** 16 },
  UINT16: { least: 0, count: 2 ** 16 },
};

/** Operators whose result is of another type than their first input: of a fixed one, or of that of another input. */
const OF_INPUT: Readonly<Record<string, number>> = { Where: 1, CastLike: 1, OneHot: 2, If: -1, Loop: -1 };
const OTHER_TYPE: readonly string[] = [
  ...['Cast', 'Shape', 'Size', 'Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Xor', 'Not'],
  ...['IsNaN', 'IsInf', 'ArgMax', 'ArgMin', 'EyeLike', 'ConstantOfShape'],
];

/** Operators whose results may lie outside of their inputs' range, and there begin again at its other end. */
const WRAPPING: readonly string[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Pow', 'Sum', 'MatMul', 'Gemm', 'Einsum', 'CumSum', 'CumProd'],
  ...['ReduceSum', 'ReduceProd', 'ReduceSumSquare', 'ReduceL1', 'CastLike'],
];

/** The values of a graph, and of those within its nodes, that are whole numbers of 8 or 16 bits. */
export function narrowValues(graph: Graph): ReadonlyMap<string, Narrow> {
  const found = new Map<string, Narrow>();
  const add = (name: string, narrow: Narrow | undefined): void => {
    if (name !== '' && narrow) found.set(name, narrow);
  };
  const ofType = (name: string | undefined): Narrow | undefined =>
    name !== undefined && Object.hasOwn(NARROW, name) ? NARROW[name] : undefined;
  const walk = ({ inputs, initializers, nodes }: Graph): void => {
    for (const { name, type } of [...inputs, ...initializers.values()]) add(name, ofType(type.name));
    for (const node of nodes) {
      for (const value of node.attributes.values()) if (isGraph(value)) walk(value);
      const constant = node.attributes.get('value');
      if (constant instanceof Known) add(node.outputs[0] ?? '', ofType(constant.element));
      if (OTHER_TYPE.includes(node.op)) continue;
      const source = Object.hasOwn(OF_INPUT, node.op) ? OF_INPUT[node.op]! : 0;
      for (const output of node.outputs) add(output, found.get(node.inputs[source] ?? ''));
    }
  };
  walk(graph);
  return found;
}

/** A result of a node in the range of its type. */
export function wrapped(node: Node, result: Datum, narrow: Narrow | undefined): Datum {
  if (!narrow || !WRAPPING.includes(node.op) || result.dtype !== 'int32') return result;
  const { least, count } = narrow;
  if (!(result instanceof Known)) return tf.add(tf.mod(tf.sub(result, least), count), least);
  const wrap = (n: number): number => ((((n - least) % count) + count) % count) + least;
  return new Known('int32', result.shape, Array.from(result.data, wrap));
}
