import { sizeOf } from '@onnx-forge/infer';
import { arrayOf, binary, cast, constant, op, reshape, scalar } from '../graph/build.js';
import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { scatterRows } from '../idioms/scatter.js';
import { expand, repeated, squeeze, unsqueeze, where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** Scatter kernels point with `indices` [n..., k] into the k leading axes of `shape`; a flat list means k = 1. */
function scatterInto(
  data: Value,
  indices: Value,
  updates: Value,
  shape: readonly number[],
  reduction: 'none' | 'add',
): Value {
  const k = indices.rank > 1 ? indices.shape[indices.rank - 1]! : 1;
  const n = indices.size / Math.max(k, 1);
  const [rows, width] = [sizeOf(shape.slice(0, k)), sizeOf(shape.slice(k))];
  const values = updates.size === 1 ? expand(reshape(updates, [1, 1]), [n, width]) : reshape(updates, [n, width]);
  const flat = scatterRows(reshape(data, [rows, width]), rowNumber(indices, shape, n, k), values, reduction);
  return reshape(flat, shape);
}

/** Row-major number of the row that each index tuple names. */
function rowNumber(indices: Value, shape: readonly number[], n: number, k: number): Value {
  const tuples = reshape(indices, [n, k]);
  if (k === 1) return squeeze(tuples, [1]);
  const strides = shape.slice(0, k).map((_, axis) => sizeOf(shape.slice(axis + 1, k)));
  const steps = constant(arrayOf('int32', strides), 'int32', [k]);
  const axis = constant(arrayOf('int64', [1]), 'int64', [1]);
  return op('ReduceSum', [binary('Mul', tuples, steps), axis], 'int32', [n], { keepdims: 0 });
}

/**
 * Where onnxruntime's CPU multiplies by the one-hot matrix of the ids faster than it scatters, which goes in order on one
 * thread: 768 rows of 128 among 65 segments .16 against .41 ms, among 128 .30 against .43, among 256 .57 against .42.
 */
const FEW_SEGMENTS = 128;
/** Below it the matrix costs more than the product: 64 rows of 32 among 100 segments take as long either way. */
const WIDE_ROWS = 64;

/**
 * Sums the rows of each segment; ids outside [0, numSegments) count nowhere. The gradient of an embedding. In training steps
 * on the CPU a row that is not finite may reach other segments too.
 */
function unsortedSegmentSum(x: Value, segmentIds: Value, numSegments: number, { channelBlock }: Dialect): Value {
  const width = sizeOf(x.shape.slice(segmentIds.rank));
  const n = segmentIds.size;
  const ids = reshape(segmentIds, [n]);
  if (channelBlock && numSegments <= FEW_SEGMENTS && width >= WIDE_ROWS) {
    const all = constant(
      Int32Array.from({ length: numSegments }, (_, i) => i),
      'int32',
      [1, numSegments],
    );
    const oneHot = cast(binary('Equal', unsqueeze(ids, [1]), all, 'bool'), 'float32');
    const rows = reshape(cast(x, 'float32'), [n, width]);
    const sums = op('Gemm', [oneHot, rows], 'float32', [numSegments, width], { transA: 1 });
    return reshape(sums, [numSegments, ...x.shape.slice(segmentIds.rank)]);
  }
  const last = scalar(numSegments - 1, 'int32');
  const clipped = op('Clip', [ids, scalar(0, 'int32'), last], 'int32', [n]);
  const inside = unsqueeze(binary('Equal', ids, clipped, 'bool'), [1]);
  const updates = where(inside, reshape(cast(x, 'float32'), [n, width]), scalar(0, 'float32'), [n, width]);
  const sums = scatterRows(repeated(0, 'float32', [numSegments, width]), clipped, updates, 'add');
  return reshape(sums, [numSegments, ...x.shape.slice(segmentIds.rank)]);
}

/** A tensor's entries on the diagonal of zeros, of twice the rank. */
function diag(x: Value): Value {
  const n = x.size;
  const line = Int32Array.from({ length: n }, (_, i) => i);
  const [down, right] = [constant(line, 'int32', [n, 1]), constant(line, 'int32', [1, n])];
  const onDiagonal = binary('Equal', down, right, 'bool');
  return reshape(where(onDiagonal, reshape(x, [1, n]), scalar(0, x.dtype), [n, n]), [...x.shape, ...x.shape]);
}

const pairs = { shape: [3, 2], dtype: 'int32', values: [0, 1, 2, 3, 0, 1] } as const;
const singles = { shape: [3, 1], dtype: 'int32', values: [2, 0, 2] } as const;

/** Kernels that place entries by index. */
export const scattering: readonly Lowering[] = [
  lowering<{ indices: Value; updates: Value }, { shape: number[] }>(
    'ScatterNd',
    ({ indices, updates }, { shape }) => scatterInto(repeated(0, updates.dtype, shape), indices, updates, shape, 'add'),
    [
      {
        name: 'entries, repeated',
        inputs: { i: pairs, u: { shape: [3] } },
        run: ({ i, u }) => tf.scatterND(i!, u!, [3, 4]),
      },
      {
        name: 'rows, int32',
        inputs: { i: singles, u: { shape: [3, 4], dtype: 'int32' } },
        run: ({ i, u }) => tf.scatterND(i!, u!, [3, 4]),
      },
    ],
  ),
  lowering<{ tensor: Value; indices: Value; updates: Value }>(
    'TensorScatterUpdate',
    ({ tensor, indices, updates }) => scatterInto(tensor, indices, updates, tensor.shape, 'none'),
    [
      {
        name: 'rows',
        inputs: { x: { shape: [3, 4] }, i: { ...singles, values: [2, 0, 1] }, u: { shape: [3, 4] } },
        run: ({ x, i, u }) => tf.tensorScatterUpdate(x!, i as tf.Tensor2D, u!),
      },
    ],
  ),
  lowering<{ sparseIndices: Value; sparseValues: Value; defaultValue: Value }, { outputShape: number[] }>(
    'SparseToDense',
    ({ sparseIndices, sparseValues, defaultValue }, { outputShape }) =>
      scatterInto(expand(defaultValue, outputShape), sparseIndices, sparseValues, outputShape, 'none'),
    [
      {
        name: 'entries',
        inputs: { i: { ...pairs, values: [0, 1, 2, 3, 1, 1] }, v: { shape: [3] }, d: { shape: [] } },
        run: ({ i, v, d }) => tf.sparseToDense(i!, v!, [3, 4], d as tf.Scalar),
      },
    ],
  ),
  lowering<{ x: Value; segmentIds: Value }, { numSegments: number }>(
    'UnsortedSegmentSum',
    ({ x, segmentIds }, { numSegments }, dialect) => unsortedSegmentSum(x, segmentIds, numSegments, dialect),
    [
      {
        name: 'rows, one id outside',
        inputs: { x: { shape: [4, 3] }, i: { shape: [4], dtype: 'int32', values: [1, -1, 1, 0] } },
        run: ({ x, i }) => tf.unsortedSegmentSum(x!, i as tf.Tensor1D, 3),
        gradient: true,
      },
    ],
  ),
  lowering<{ x: Value }>('Diag', ({ x }) => diag(x), [
    { name: 'matrix', inputs: { x: { shape: [2, 2] } }, run: ({ x }) => tf.diag(x!) },
  ]),
];
