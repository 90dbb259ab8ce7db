import { exportOnnx, tf } from '@onnx-forge/export';
import { openSession, Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import { needsDevice } from '../infer/webgpu.js';

/** A function of images x [batch, ...] whose graph must serve any batch size. */
interface Subject {
  readonly name: string;
  /** Shape of one example. */
  readonly shape: readonly number[];
  readonly run: (x: tf.Tensor4D) => tf.Tensor;
}

const random = new Random(3);
const weights = <R extends tf.Rank = tf.Rank.R4>(...shape: number[]): tf.Tensor<R> =>
  tf.tensor<R>(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform() - 0.5),
    shape as tf.ShapeMap[R],
  );

const image = [8, 7, 3];
const kernel = weights(3, 3, 3, 4);
const wide = weights(8, 7, 3, 5);
const depthwise = weights(3, 2, 3, 2);
const pointwise = weights(1, 1, 6, 4);
const upwards = weights(4, 4, 2, 3);
const morphological = weights<tf.Rank.R3>(2, 3, 3);
const channels = [0.9, 1.2, 0.7];
const volume = weights<tf.Rank.R5>(2, 2, 2, 1, 3);
const vector = (): tf.Tensor1D => tf.tensor1d(channels);

/** Gradient of the mean square of f in x: a function with gradient kernels inside. */
const gradientIn =
  (f: (x: tf.Tensor4D) => tf.Tensor) =>
  (x: tf.Tensor4D): tf.Tensor =>
    tf.grad((v) => tf.sum(tf.square(f(v as tf.Tensor4D))))(x);

/** Gradient of the sum of squares of f in the weights: sums over the batch. */
const gradientInWeights =
  <T extends tf.Tensor>(w: T, f: (x: tf.Tensor4D, w: T) => tf.Tensor) =>
  (x: tf.Tensor4D): tf.Tensor =>
    tf.grad((v) => tf.sum(tf.square(f(x, v as T))))(w);

const conv = (x: tf.Tensor4D, w: tf.Tensor4D): tf.Tensor => tf.conv2d(x, w, 2, 'same');
const separable = (x: tf.Tensor4D): tf.Tensor => tf.separableConv2d(x, depthwise, pointwise, 2, 'same');
const up = (x: tf.Tensor4D, w: tf.Tensor4D): tf.Tensor => tf.conv2dTranspose(x, w, [x.shape[0], 16, 14, 2], 2, 'same');
const cube = (x: tf.Tensor4D, w: tf.Tensor5D): tf.Tensor =>
  tf.conv3d(tf.expandDims(x, -1) as tf.Tensor5D, w, 2, 'same');
const normalised = (x: tf.Tensor4D): tf.Tensor => tf.batchNorm(x, vector(), vector(), vector(), vector());
const trained = (x: tf.Tensor4D): tf.Tensor => {
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, vector(), vector());
};

const subjects: readonly Subject[] = [
  { name: 'conv2d', shape: image, run: (x) => conv(x, kernel) },
  { name: 'conv2d over the whole image', shape: image, run: (x) => tf.conv2d(x, wide, 1, 'valid') },
  { name: 'conv2d, gradient in x', shape: image, run: gradientIn((x) => conv(x, kernel)) },
  { name: 'conv2d, gradient in the filter', shape: image, run: gradientInWeights(kernel, conv) },
  {
    name: 'conv2d of many channels, gradient in the filter',
    shape: [6, 5, 16],
    run: gradientInWeights(weights(3, 3, 16, 4), conv),
  },
  { name: 'conv2dTranspose', shape: image, run: (x) => up(x, upwards) },
  { name: 'conv2dTranspose, gradient in x', shape: image, run: gradientIn((x) => up(x, upwards)) },
  { name: 'conv2dTranspose, gradient in the filter', shape: image, run: gradientInWeights(upwards, up) },
  {
    name: 'conv1d',
    shape: [9, 3],
    run: (x) => tf.conv1d(x as tf.Tensor as tf.Tensor3D, tf.reshape(kernel, [9, 3, 4]), 1, 'same'),
  },
  { name: 'conv3d', shape: image, run: (x) => cube(x, volume) },
  { name: 'conv3d, gradient in x', shape: image, run: gradientIn((x) => cube(x, volume)) },
  { name: 'conv3d, gradient in the filter', shape: image, run: gradientInWeights(volume, cube) },
  { name: 'separable', shape: image, run: separable },
  { name: 'separable, gradient in x', shape: image, run: gradientIn(separable) },
  {
    name: 'depthwise, gradient in the filter',
    shape: image,
    run: gradientInWeights(depthwise, (x, w) => tf.depthwiseConv2d(x, w, 1, 'valid')),
  },
  { name: 'maxPool', shape: image, run: (x) => tf.maxPool(x, 3, 2, 'same') },
  { name: 'maxPool, gradient', shape: image, run: gradientIn((x) => tf.maxPool(x, 3, 2, 'same')) },
  { name: 'maxPoolWithArgmax', shape: image, run: (x) => tf.maxPoolWithArgmax(x, 2, 2, 'same', true).indexes! },
  { name: 'avgPool', shape: image, run: (x) => tf.avgPool(x, 3, 2, 'same') },
  { name: 'avgPool, gradient', shape: image, run: gradientIn((x) => tf.avgPool(x, 3, 2, 'same')) },
  {
    name: 'maxPool3d, gradient',
    shape: image,
    run: gradientIn((x) => tf.maxPool3d(tf.expandDims(x, -1) as tf.Tensor5D, 2, 2, 'same')),
  },
  { name: 'batchNorm, known moments', shape: image, run: normalised },
  { name: 'batchNorm, moments of the batch', shape: image, run: trained },
  { name: 'batchNorm, gradient through the moments', shape: image, run: gradientIn((x) => tf.mul(trained(x), x)) },
  { name: 'localResponseNormalization', shape: image, run: gradientIn((x) => tf.localResponseNormalization(x, 1)) },
  { name: 'dilation2d', shape: image, run: gradientIn((x) => tf.dilation2d(x, morphological, 1, 'same')) },
];

/** Devices to run on: the processor, and WebGPU where there is one. */
const DEVICES = ['cpu', 'webgpu'] as const;

for (const device of DEVICES) {
  describe(`convolutions, pooling and normalisation: one graph for any batch size, on ${device}`, () => {
    before(async function () {
      await tf.setBackend('cpu');
      await needsDevice(this, device);
    });

    for (const { name, shape, run } of subjects) {
      it(name, async () => {
        const signature = { inputs: { x: { shape: ['batch', ...shape] } } };
        const { bytes } = exportOnnx(({ x }) => ({ y: run(x as tf.Tensor4D) }), signature);
        const session = await openSession(bytes, { device });
        for (const batch of [1, 2, 5]) {
          const x = tf.randomUniform([batch, ...shape], -1, 1, 'float32', batch);
          const expected = run(x as tf.Tensor4D);
          const data = (await x.data()) as Float32Array;
          const { y } = await session.run({ x: { type: 'float32', dims: x.shape, data } });
          assert.deepEqual([...y!.dims], expected.shape);
          const reference = await expected.data();
          const scale = Math.max(1, ...reference.map(Math.abs));
          for (const [i, e] of reference.entries()) {
            assert.closeTo(Number(y!.data[i]) / scale, e / scale, 1e-5, `batch ${batch}, element ${i}`);
          }
        }
        await session.dispose();
      });
    }
  });
}
