import { tf } from '../tfjs.js';
import { type Datum, type ElementType, Known } from './model/known.js';
import type { Node } from './model/structure.js';

/** Whole numbers of 8 or 16 bits: from `least` on, as many as there are. */
interface Narrow {
  readonly least: number;
  readonly count: number;
}

const NARROW: ReadonlyMap<string, Narrow> = new Map([
  ['INT8', { least: -(2 ** 7), count: 2 ** 8 }],
  ['UINT8', { least: 0, count: 2 ** 8 }],
  ['INT16', { least: -(2 ** 15), count: 2 ** 16 }],
  ['UINT16', { least: 0, count: 2 ** 16 }],
]);

/** Operators whose results may lie outside of their inputs' range, and there begin again at its other end. */
const WRAPPING: readonly string[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Abs', 'Pow', 'Sum', 'MatMul', 'Gemm', 'Einsum', 'CumSum', 'CumProd'],
  ...['ReduceSum', 'ReduceProd', 'ReduceSumSquare', 'ReduceL1', 'Cast', 'CastLike'],
];

/** A result of a node in the range of its type. */
export function wrapped(node: Node, result: Datum, type: ElementType | undefined): Datum {
  const narrow = NARROW.get(type?.name ?? '');
  if (!narrow || !WRAPPING.includes(node.op) || result.dtype !== 'int32') return result;
  const { least, count } = narrow;
  if (!(result instanceof Known)) {
    // As scalars of their type: with JavaScript's numbers tfjs makes floats.
    const [from, all] = [tf.scalar(least, 'int32'), tf.scalar(count, 'int32')];
    return tf.add(tf.mod(tf.sub(result, from), all), from);
  }
  const wrap = (n: number): number => ((((n - least) % count) + count) % count) + least;
  return new Known('int32', result.shape, Array.from(result.data, wrap));
}
