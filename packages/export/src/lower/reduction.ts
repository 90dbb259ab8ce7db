import { binary, cast, fill, ints, op, reshape, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';
import { where } from './shapes.js';

export interface ReductionAttributes {
  readonly axis?: number | number[];
  readonly keepDims?: boolean;
}

/** A Reduce* node over tfjs's `axis` (all axes when absent; negative ones count from the end). */
export function reduce(type: string, x: Value, { axis, keepDims = false }: ReductionAttributes): Value {
  const axes = tf.util.parseAxisParam(axis as number | number[], [...x.shape]);
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const shape = keepDims ? kept : kept.filter((_, i) => !axes.includes(i));
  if (axes.length === 0) return x;
  return op(type, [x, ints(axes)], x.dtype, shape, { keepdims: keepDims ? 1 : 0 });
}

/**
 * Sum over axes. Over the leading ones (a bias gradient, batch-norm moments) it is a product with a row of ones:
 * onnxruntime's ReduceSum takes 7 to 14 ms for [25088, 64] on the CPU, the product 0.3.
 */
function sum(x: Value, attrs: ReductionAttributes): Value {
  const reduced = reduce('ReduceSum', x, attrs);
  const axes = tf.util.parseAxisParam(attrs.axis as number | number[], [...x.shape]).sort((a, b) => a - b);
  const rest = x.shape.slice(axes.length);
  const leading = axes.length > 0 && axes.every((axis, i) => axis === i);
  const columns = rest.reduce((product, n) => product * n, 1);
  if (x.dtype !== 'float32' || !leading || columns <= 1) return reduced;
  const rows = x.shape.slice(0, axes.length).reduce((product, n) => product * n, 1);
  const total = op('MatMul', [fill(1, 'float32', [1, rows]), reshape(x, [rows, columns])], 'float32', [1, columns]);
  return reshape(total, reduced.shape);
}

function mean(x: Value, attrs: ReductionAttributes): Value {
  const total = sum(x, attrs);
  return binary('Mul', total, scalar(x.size === 0 ? 0 : total.size / x.size, 'float32'));
}

/** bool has no arithmetic: it counts as 0 and 1. */
const numeric = (x: Value): Value => (x.dtype === 'bool' ? cast(x, 'int32') : x);

/**
 * Largest or smallest entry; NaN when there is one among them, as in tfjs. onnxruntime's ReduceMax skips NaN or not,
 * as it happens, so the sum of absolute values tells: it is NaN only when an entry is. (ReduceL1 takes twice as long.)
 */
function extremum(type: 'ReduceMax' | 'ReduceMin', x: Value, attrs: ReductionAttributes): Value {
  const found = reduce(type, numeric(x), attrs);
  if (x.dtype !== 'float32' || found.rank === x.rank) return cast(found, x.dtype);
  const magnitude = reduce('ReduceSum', unary('Abs', x), attrs);
  return where(op('IsNaN', [magnitude], 'bool', found.shape), magnitude, found, found.shape);
}

/** All is the smallest of the bools, any the largest. */
function logical(type: 'ReduceMax' | 'ReduceMin', x: Value, attrs: ReductionAttributes): Value {
  return cast(reduce(type, cast(x, 'int32'), attrs), 'bool');
}

interface Row {
  readonly kernel: string;
  readonly lower: (x: Value, attrs: ReductionAttributes) => Value;
  readonly run: (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;
  readonly gradient?: boolean;
  /** Default float32. */
  readonly dtype?: 'float32' | 'bool';
}

const ROWS: readonly Row[] = [
  { kernel: 'Sum', lower: (x, attrs) => sum(numeric(x), attrs), run: tf.sum, gradient: true },
  {
    kernel: 'Mean',
    lower: (x, attrs) => mean(cast(x, 'float32'), attrs),
    run: tf.mean,
    gradient: true,
  },
  { kernel: 'Prod', lower: (x, attrs) => reduce('ReduceProd', numeric(x), attrs), run: tf.prod },
  { kernel: 'Min', lower: (x, attrs) => extremum('ReduceMin', x, attrs), run: tf.min, gradient: true },
  { kernel: 'Max', lower: (x, attrs) => extremum('ReduceMax', x, attrs), run: tf.max, gradient: true },
  { kernel: 'All', lower: (x, attrs) => logical('ReduceMin', x, attrs), run: tf.all, dtype: 'bool' },
  { kernel: 'Any', lower: (x, attrs) => logical('ReduceMax', x, attrs), run: tf.any, dtype: 'bool' },
];

function casesOf({ run, dtype = 'float32', gradient = false }: Row): LoweringCase[] {
  const input = (...shape: number[]) => ({ x: { shape, dtype } });
  const cases: LoweringCase[] = [
    { name: 'all', inputs: input(2, 3), run: ({ x }) => run(x!), gradient },
    { name: 'axis, keepDims', inputs: input(2, 3, 4), run: ({ x }) => run(x!, [0, -1], true), gradient },
    { name: 'leading axes', inputs: input(2, 3, 4), run: ({ x }) => run(x!, [0, 1]) },
    { name: 'inner axis', inputs: input(2, 3, 4), run: ({ x }) => run(x!, 1), gradient },
  ];
  if (dtype === 'bool') return cases;
  const whole: LoweringCase = {
    name: 'int32',
    inputs: { x: { shape: [2, 3], dtype: 'int32' } },
    run: ({ x }) => run(x!, 1),
  };
  const poisoned: LoweringCase = {
    name: 'NaN and infinity',
    inputs: { x: { shape: [3, 2], values: [Number.NaN, 1, 2, Number.POSITIVE_INFINITY, Number.NaN, 5] } },
    run: ({ x }) => run(x!, 1),
  };
  return [...cases, whole, poisoned];
}

/** Kernels that reduce axes to one number. tfjs calls the axes of Max `reductionIndices`. */
export const reduction: readonly Lowering[] = ROWS.map((row) =>
  lowering<{ x: Value }, ReductionAttributes & { reductionIndices?: number | number[] }>(
    row.kernel,
    ({ x }, { reductionIndices, ...attrs }) =>
      row.lower(x, reductionIndices === undefined ? attrs : { ...attrs, axis: reductionIndices }),
    casesOf(row),
  ),
);
