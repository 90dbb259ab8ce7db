import { sizeOf } from '@onnx-forge/infer';
import { binary, cast, fill, op, reshape, scalar, unary } from '../graph/build.js';
import { product as productOf, sizeAt, sizeScalar } from '../graph/size.js';
import type { Value } from '../graph/value.js';
import { factorsOf } from '../idioms/factors.js';
import { type ReductionAttributes, reduce } from '../idioms/reduce.js';
import { where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lowering } from './lowering.js';

/** Sum over axes. Factors that do not vary along them are multiplied in afterwards: batch norm's gradients are full of them. */
function sum(x: Value, attrs: ReductionAttributes): Value {
  const axes = tf.util.parseAxisParam(attrs.axis as number | number[], [...x.shape]).sort((a, b) => a - b);
  const { varying, constant } = factorsOf(x, axes);
  if (x.dtype !== 'float32' || axes.length === 0 || varying.length === 0 || constant.length === 0) {
    return sumOf(x, axes, attrs.keepDims ?? false);
  }
  const product = (factors: readonly Value[]): Value => factors.reduce((left, right) => binary('Mul', left, right));
  const inner = product(varying);
  if (inner.shape.join() !== x.shape.join()) return sumOf(x, axes, attrs.keepDims ?? false);
  const total = binary('Mul', sumOf(inner, axes, true), product(constant));
  return attrs.keepDims
    ? total
    : reshape(
        total,
        x.shape.filter((_, axis) => !axes.includes(axis)),
      );
}

/**
 * Over the leading axes (a bias gradient, batch-norm moments) a sum is a product with a row of ones: onnxruntime's
 * ReduceSum takes 7 to 14 ms for [25088, 64] on the CPU, the product 0.3.
 */
function sumOf(x: Value, axes: readonly number[], keepDims: boolean): Value {
  const reduced = reduce('ReduceSum', x, { axis: [...axes], keepDims });
  const columns = sizeOf(x.shape.slice(axes.length));
  const leading = axes.length > 0 && axes.every((axis, i) => axis === i);
  if (x.dtype !== 'float32' || !leading || columns <= 1) return reduced;
  const rows = sizeOf(x.shape.slice(0, axes.length));
  const total = op('MatMul', [fill(1, 'float32', [1, rows]), reshape(x, [rows, columns])], 'float32', [1, columns]);
  return reshape(total, reduced.shape);
}

function mean(x: Value, attrs: ReductionAttributes): Value {
  const total = sum(x, attrs);
  const axes = tf.util.parseAxisParam(attrs.axis as number | number[], [...x.shape]);
  const count = productOf(axes.map((axis) => sizeAt(x, axis)));
  if (typeof count !== 'number') return binary('Div', total, sizeScalar(count, 'float32'));
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

/** Sums of products as in batch norm's gradients. */
const factored: LoweringCase = {
  name: 'factors that do not vary',
  inputs: { x: { shape: [4, 3, 2] }, y: { shape: [4, 3, 2] }, scale: { shape: [2] }, row: { shape: [3, 2] } },
  run: ({ x, y, scale, row }) => {
    const product = tf.mul(tf.mul(tf.mul(x!, scale!), y!), tf.tile(tf.reshape(scale!, [1, 1, 2]), [4, 3, 1]));
    return [tf.sum(product, [0, 1]), tf.sum(product, 1, true), tf.sum(tf.mul(x!, row!), 0), tf.sum(product)];
  },
  gradient: true,
};

/** Kernels that reduce axes to one number. tfjs calls the axes of Max `reductionIndices`. */
export const reduction: readonly Lowering[] = ROWS.map((row) =>
  lowering<{ x: Value }, ReductionAttributes & { reductionIndices?: number | number[] }>(
    row.kernel,
    ({ x }, { reductionIndices, ...attrs }) =>
      row.lower(x, reductionIndices === undefined ? attrs : { ...attrs, axis: reductionIndices }),
    row.kernel === 'Sum' ? [...casesOf(row), factored] : casesOf(row),
  ),
);
