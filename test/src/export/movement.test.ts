import { tf } from '@onnx-forge/export';
import { type Subject, testFreeDimensions } from './free-dimensions.js';

type Run = (x: tf.Tensor) => tf.Tensor;

/** Gradient of the sum of squares: a function with gradient kernels inside. */
const gradientOf =
  (f: Run): Run =>
  (x) =>
    tf.grad((v) => tf.sum(tf.square(f(v))))(x);

/** One example at a time: tfjs's cpu gradient of the nearest-neighbour resize is wrong for any example but the first. */
const byExample =
  (f: Run): Run =>
  (x) =>
    tf.concat(tf.unstack(x).map((example) => f(tf.expandDims(example))));

/** Whole numbers 0 ... n - 1 made of numbers in (-1, 1). */
const whole = (x: tf.Tensor, n: number): tf.Tensor => tf.cast(tf.floor(tf.mul(tf.abs(x), n)), 'int32');
const last = (x: tf.Tensor): number => x.shape[0]! - 1;

const image = ['batch', 4, 4, 2];
const nearest: Run = (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 8]);
const bilinear: Run = (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [7, 7], true);
const table = tf.tensor2d([0.1, -0.4, 0.9, 0.3, 0.2, -0.7, 0.5, 0.6], [4, 2]);
const lookUp = (w: tf.Tensor, x: tf.Tensor): tf.Tensor => tf.gather(w, whole(x, 4) as tf.Tensor2D);

const moving: readonly Subject[] = [
  { name: 'concat', shape: ['batch', 3], run: (x) => tf.concat([x, tf.relu(x)], 1) },
  { name: 'concat along the batch', shape: ['batch', 3], run: (x) => tf.concat([x, tf.ones([2, 3]), x], 0) },
  { name: 'concat, gradient', shape: ['batch', 3], run: gradientOf((x) => tf.concat([x, tf.mul(x, x)], -1)) },
  { name: 'stack', shape: ['batch', 3], run: (x) => tf.stack([x, tf.neg(x)], 1) },
  { name: 'unstack', shape: ['batch', 3], run: (x) => tf.sub(tf.unstack(x, 1)[2]!, tf.unstack(x, 1)[0]!) },
  { name: 'unstack, gradient', shape: ['batch', 3], run: gradientOf((x) => tf.unstack(x, 1)[1]!) },
  { name: 'split', shape: ['batch', 5], run: (x) => tf.split(x, [2, 3], 1)[1]! },
  { name: 'slice', shape: ['batch', 4, 3], run: (x) => tf.slice(x, [0, 1, 0], [-1, 2, 3]) },
  { name: 'slice, gradient', shape: ['batch', 4], run: gradientOf((x) => tf.slice(x, [0, 1], [-1, 2])) },
  { name: 'the first example', shape: ['batch', 4], run: (x) => tf.slice(x, [0, 0], [1, 4]) },
  { name: 'the last example', shape: ['batch', 4], run: (x) => tf.slice(x, [last(x), 1], [1, 2]) },
  { name: 'all but the last example', shape: ['batch', 4], run: (x) => tf.slice(x, 0, last(x)) },
  { name: 'stridedSlice', shape: ['batch', 5], run: (x) => tf.stridedSlice(x, [0, 4], [x.shape[0]!, 0], [1, -2]) },
  { name: 'reverse', shape: ['batch', 4, 2], run: (x) => tf.reverse(x, [0, 2]) },
  {
    name: 'pad',
    shape: ['batch', 3],
    run: (x) =>
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      ),
  },
  {
    name: 'mirrorPad',
    shape: ['batch', 3],
    run: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 1],
          [2, 1],
        ],
        'symmetric',
      ),
  },
  { name: 'tile', shape: ['batch', 3], run: (x) => tf.tile(x, [2, 3]) },
  { name: 'tile by the batch size', shape: ['batch', 3], run: (x) => tf.tile(tf.mean(x, 0, true), [x.shape[0]!, 1]) },
  { name: 'broadcastTo', shape: ['batch', 1], run: (x) => tf.broadcastTo(x, [2, x.shape[0]!, 3]) },
  { name: 'gather columns', shape: ['batch', 4], run: (x) => tf.gather(x, tf.tensor1d([3, 0, 0], 'int32'), 1) },
  { name: 'gather, gradient', shape: ['batch', 4], run: gradientOf((x) => tf.gather(x, [3, 0, 0], 1)) },
  {
    name: 'gather by example',
    shape: ['batch', 3, 2],
    run: (x) => tf.gather(x, whole(tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 3, 1]), [2]), 3) as tf.Tensor2D, 1, 1),
  },
  { name: 'gatherND', shape: ['batch', 2], run: (x) => tf.gatherND(table, whole(x, 2)) },
  { name: 'embedding', shape: ['batch', 3], run: (x) => lookUp(table, x) },
  {
    name: 'embedding, gradient in the table',
    shape: ['batch', 3],
    run: (x) => tf.grad((w) => tf.sum(tf.mul(lookUp(w, x), tf.expandDims(x, 2))))(table),
  },
  { name: 'oneHot', shape: ['batch', 3], run: (x) => tf.oneHot(whole(x, 4) as tf.Tensor2D, 4) },
  { name: 'scatterND', shape: ['batch', 2], run: (x) => tf.scatterND(whole(x, 3), tf.sum(x, 1), [3, 3]) },
  {
    name: 'spaceToBatchND',
    shape: image,
    run: (x) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 0],
          [2, 0],
        ],
      ),
  },
  {
    name: 'batchToSpaceND',
    shape: image,
    run: (x) =>
      tf.batchToSpaceND(
        tf.concat([x, x, x, x]),
        [2, 2],
        [
          [0, 1],
          [1, 0],
        ],
      ),
  },
  { name: 'depthToSpace', shape: ['batch', 2, 3, 8], run: (x) => tf.depthToSpace(x as tf.Tensor4D, 2) },
  { name: 'flipLeftRight', shape: image, run: (x) => tf.image.flipLeftRight(x as tf.Tensor4D) },
  { name: 'rotateWithOffset', shape: image, run: (x) => tf.image.rotateWithOffset(x as tf.Tensor4D, 0.6, 2) },
  { name: 'resizeNearestNeighbor', shape: image, run: nearest },
  {
    name: 'resizeNearestNeighbor, gradient',
    shape: image,
    run: gradientOf(nearest),
    reference: byExample(gradientOf(nearest)),
  },
  { name: 'resizeBilinear', shape: image, run: bilinear },
  { name: 'resizeBilinear, gradient', shape: image, run: gradientOf(bilinear) },
];

const reducing: readonly Subject[] = [
  { name: 'max over the batch', shape: ['batch', 3], run: (x) => tf.max(x, 0) },
  { name: 'min, gradient', shape: ['batch', 3], run: gradientOf((x) => tf.min(x, 1)) },
  { name: 'mean of everything', shape: ['batch', 3], run: (x) => tf.mean(x) },
  { name: 'mean, gradient', shape: ['batch', 3], run: gradientOf((x) => tf.mean(x, 0)) },
  { name: 'prod', shape: ['batch', 3], run: (x) => tf.prod(x, 1) },
  { name: 'prod, gradient', shape: ['batch', 3], run: gradientOf((x) => tf.prod(x, 1)) },
  { name: 'all', shape: ['batch', 3], run: (x) => tf.cast(tf.all(tf.greater(x, -0.8), 1), 'int32') },
  { name: 'any', shape: ['batch', 3], run: (x) => tf.cast(tf.any(tf.greater(x, 0.8), 0), 'int32') },
  { name: 'argMax', shape: ['batch', 5], run: (x) => tf.argMax(x, 1) },
  { name: 'argMin over the batch', shape: ['batch', 5], run: (x) => tf.argMin(x, 0) },
  { name: 'topk', shape: ['batch', 5], run: (x) => tf.topk(x, 3).values },
  { name: 'topk, indices', shape: ['batch', 5], run: (x) => tf.topk(x, 3).indices },
  { name: 'cumsum over the batch', shape: ['batch', 5], run: (x) => tf.cumsum(x, 0, true) },
  { name: 'cumprod', shape: ['batch', 5], run: (x) => tf.cumprod(x, 1, false, true) },
  { name: 'softmax', shape: ['batch', 5], run: (x) => tf.softmax(x) },
  { name: 'softmax, gradient', shape: ['batch', 5], run: gradientOf((x) => tf.softmax(x)) },
  { name: 'logSoftmax, gradient', shape: ['batch', 5], run: gradientOf((x) => tf.logSoftmax(x)) },
  { name: 'logSumExp', shape: ['batch', 5], run: (x) => tf.logSumExp(x, 1) },
  {
    name: 'denseBincount',
    shape: ['batch', 5],
    run: (x) => tf.denseBincount(whole(x, 4) as tf.Tensor2D, tf.abs(x) as tf.Tensor2D, 3),
  },
  { name: 'bincount', shape: ['batch'], run: (x) => tf.bincount(whole(x, 4) as tf.Tensor1D, tf.tensor1d([]), 4) },
  { name: 'searchSorted', shape: ['batch', 5], run: (x) => tf.searchSorted(tf.cumsum(tf.abs(x), 1), tf.mul(x, 3)) },
  { name: 'einsum', shape: ['batch', 4], run: (x) => tf.einsum('bi,ij->jb', x, table) },
];

const sequence = ['batch', 'length', 3];

const sequences: readonly Subject[] = [
  { name: 'slice', shape: sequence, run: (x) => tf.slice(x, [0, 0, 1], [-1, -1, 2]) },
  { name: 'the last step', shape: sequence, run: (x) => tf.slice(x, [0, x.shape[1]! - 1, 0], [-1, 1, -1]) },
  {
    name: 'pad',
    shape: sequence,
    run: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 0],
      ]),
  },
  { name: 'reverse', shape: sequence, run: (x) => tf.reverse(x, 1) },
  { name: 'mean, gradient', shape: sequence, run: gradientOf((x) => tf.mean(x, 1)) },
  { name: 'max', shape: sequence, run: (x) => tf.max(x, [1, 2]) },
  { name: 'cumsum', shape: sequence, run: (x) => tf.cumsum(x, 1) },
  { name: 'oneHot', shape: ['batch', 'length'], run: (x) => tf.oneHot(whole(x, 4) as tf.Tensor2D, 4) },
  { name: 'embedding', shape: ['batch', 'length'], run: (x) => lookUp(table, x) },
];

testFreeDimensions('moving and indexing', moving);
testFreeDimensions('reductions', reducing);
testFreeDimensions('two free dimensions', sequences);
