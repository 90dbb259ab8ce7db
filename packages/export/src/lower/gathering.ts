import { arrayOf, binary, cast, constant, scalar, transpose } from '../graph/build.js';
import { constantData, type DType, type Value } from '../graph/value.js';
import { gather, gatherNd } from '../idioms/gather.js';
import { tensorInfo, unsqueeze, where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** With batch dimensions every batch entry has its own indices: the axis goes next to them, and back. */
function gatherBatched(x: Value, indices: Value, axis: number, batchDims: number): Value {
  const axes = x.shape.map((_, i) => i);
  const between = axes.slice(batchDims, axis);
  const front = transpose(x, [...axes.slice(0, batchDims), axis, ...between, ...axes.slice(axis + 1)]);
  const gathered = gatherNd(front, unsqueeze(indices, [indices.rank]), batchDims);
  const picked = Array.from({ length: indices.rank - batchDims }, (_, i) => batchDims + i);
  const moved = between.map((_, i) => indices.rank + i);
  const rest = axes.slice(axis + 1).map((_, i) => indices.rank + between.length + i);
  return transpose(gathered, [...axes.slice(0, batchDims), ...moved, ...picked, ...rest]);
}

/** Known indices are checked now, as tfjs does; computed ones by the graph when it runs. */
function checkIndices(indices: Value, size: number): void {
  const wrong = Array.from(constantData(indices) ?? [], Number).find((index) => index < 0 || index >= size);
  tf.util.assert(wrong === undefined, () => `GatherV2: the index value ${wrong} is not in [0, ${size - 1}]`);
}

function gatherKernel(
  { x, indices }: { x: Value; indices: Value },
  { axis, batchDims = 0 }: { axis: number; batchDims?: number },
): Value {
  const along = axis < 0 ? axis + x.rank : axis;
  checkIndices(indices, x.shape[along]!);
  const leading = batchDims < 0 ? batchDims + indices.rank : batchDims;
  const [data, picks] = [tensorInfo(x) as tf.Tensor, tensorInfo(indices) as tf.Tensor];
  tf.backend_util.segment_util.collectGatherOpShapeInfo(data, picks, along, leading); // throws when they disagree
  return leading === 0 ? gather(x, indices, along) : gatherBatched(x, indices, along, leading);
}

function gatherNdKernel({ params, indices }: { params: Value; indices: Value }): Value {
  tf.backend_util.prepareAndValidate(tensorInfo(params), tensorInfo(indices)); // throws when they disagree
  return gatherNd(params, indices);
}

interface OneHotAttributes {
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
  readonly dtype: DType;
}

/** Compares with 0, 1, ...: an index outside gives no "on" at all, where ONNX's OneHot counts negative ones from the end. */
function oneHot(indices: Value, { depth, onValue, offValue, dtype = 'float32' }: OneHotAttributes): Value {
  const classes = constant(
    arrayOf(
      indices.dtype,
      Array.from({ length: depth }, (_, i) => i),
    ),
    indices.dtype,
    [depth],
  );
  const hit = binary('Equal', unsqueeze(indices, [indices.rank]), classes, 'bool');
  if (onValue === 1 && offValue === 0) return cast(hit, dtype);
  return where(hit, scalar(onValue, dtype), scalar(offValue, dtype), hit.shape);
}

const rows = { shape: [4], dtype: 'int32', values: [2, 0, 2, 1] } as const;

/** Kernels that pick entries by index. */
export const gathering: readonly Lowering[] = [
  lowering<{ x: Value; indices: Value }, { axis: number; batchDims?: number }>('GatherV2', gatherKernel, [
    {
      name: 'rows, repeated',
      inputs: { x: { shape: [3, 2] }, i: rows },
      run: ({ x, i }) => tf.gather(x!, i as tf.Tensor1D),
      gradient: true,
    },
    {
      name: 'last axis, matrix of indices',
      inputs: { x: { shape: [2, 3] }, i: { ...rows, shape: [2, 2] } },
      run: ({ x, i }) => tf.gather(x!, i as tf.Tensor2D, -1),
    },
    {
      name: 'batch dimension',
      inputs: { x: { shape: [2, 3, 2] }, i: { ...rows, shape: [2, 2] } },
      run: ({ x, i }) => tf.gather(x!, i as tf.Tensor2D, 1, 1),
    },
    {
      name: 'batch dimension, later axis',
      inputs: { x: { shape: [2, 2, 3, 2], dtype: 'int32' }, i: { ...rows, shape: [2, 2] } },
      run: ({ x, i }) => tf.gather(x!, i as tf.Tensor2D, 2, 1),
    },
  ]),
  lowering<{ params: Value; indices: Value }>('GatherNd', gatherNdKernel, [
    {
      name: 'slices',
      inputs: { x: { shape: [3, 4, 2] }, i: { shape: [3, 2], dtype: 'int32', values: [0, 1, 2, 3, 1, 0] } },
      run: ({ x, i }) => tf.gatherND(x!, i!),
    },
  ]),
  lowering<{ indices: Value }, OneHotAttributes>('OneHot', ({ indices }, attrs) => oneHot(indices, attrs), [
    { name: 'vector', inputs: { i: rows }, run: ({ i }) => tf.oneHot(i as tf.Tensor1D, 3) },
    {
      name: 'own values, index outside',
      inputs: { i: { shape: [2, 2], dtype: 'int32', values: [-1, 0, 5, 2] } },
      run: ({ i }) => tf.oneHot(i as tf.Tensor2D, 3, 2, -1, 'int32'),
    },
  ]),
];
