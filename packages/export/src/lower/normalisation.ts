import { binary, constant, fill, op, reshape, scalar, unary } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { channelsFirst, fromChannelsFirst } from '../idioms/layout.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

interface BatchNormInputs {
  readonly x: Value;
  readonly mean: Value;
  readonly variance: Value;
  readonly scale?: Value;
  readonly offset?: Value;
}

/** (x - mean) * scale / sqrt(variance + epsilon) + offset, broadcast. */
function standardised({ x, mean, variance, scale, offset }: BatchNormInputs, epsilon: number): Value {
  const deviation = unary('Sqrt', binary('Add', variance, scalar(epsilon, 'float32')));
  const factor = scale ? binary('Div', scale, deviation) : unary('Reciprocal', deviation);
  const product = binary('Mul', binary('Sub', x, mean), factor);
  return offset ? binary('Add', product, offset) : product;
}

/**
 * With known averages (inference) ONNX's own operator, which onnxruntime folds into a convolution before it. tfjs hands
 * over a matrix [n, channels] as [1, 1, n, channels].
 */
function batchNormalization(inputs: BatchNormInputs, epsilon: number): Value {
  const { x, mean, variance } = inputs;
  const channels = mean.size;
  const { scale = fill(1, 'float32', [channels]), offset = fill(0, 'float32', [channels]) } = inputs;
  const isMatrix = x.shape[0] === 1 && x.shape[1] === 1;
  const table = isMatrix ? reshape(x, [x.shape[2]!, channels]) : channelsFirst(x, 'channelsLast');
  const parameters = [scale, offset, mean, variance];
  const y = op('BatchNormalization', [table, ...parameters], 'float32', table.shape, { epsilon: { float: epsilon } });
  return isMatrix ? reshape(y, x.shape) : fromChannelsFirst(y, 'channelsLast');
}

function batchNorm(inputs: BatchNormInputs, { varianceEpsilon }: { varianceEpsilon?: number }): Value {
  const { x, mean, variance, scale, offset } = inputs;
  const epsilon = varianceEpsilon ?? 0.001;
  const perChannel = [mean, variance, scale, offset].every((v) => v === undefined || v.rank === 1);
  const known = mean.source.kind === 'constant' && variance.source.kind === 'constant';
  return perChannel && known && x.rank === 4 ? batchNormalization(inputs, epsilon) : standardised(inputs, epsilon);
}

interface ResponseAttributes {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Sum over the channels at most `radius` away, as a product with a band matrix. */
function acrossChannels(x: Value, radius: number): Value {
  const channels = x.shape[x.rank - 1]!;
  const band = new Float32Array(channels * channels);
  for (let i = 0; i < channels; i++) {
    for (let j = Math.max(0, i - radius); j <= Math.min(channels - 1, i + radius); j++) band[i * channels + j] = 1;
  }
  return op('MatMul', [x, constant(band, 'float32', [channels, channels])], 'float32', x.shape);
}

/** n = bias + alpha * sum of squares over neighbouring channels. */
function responseNorm(x: Value, { depthRadius, bias, alpha }: ResponseAttributes): Value {
  const energy = acrossChannels(binary('Mul', x, x), depthRadius);
  return binary('Add', scalar(bias, 'float32'), binary('Mul', scalar(alpha, 'float32'), energy));
}

/** Local response normalisation: y = x n^-beta (Krizhevsky et al. 2012, section 3.3). */
function localResponse({ x }: { x: Value }, attrs: ResponseAttributes): Value {
  return binary('Mul', x, binary('Pow', responseNorm(x, attrs), scalar(-attrs.beta, 'float32')));
}

/** dx = dy n^-beta - 2 alpha beta x * (sum over neighbours of dy y / n). */
function localResponseGradient({ x, y, dy }: { x: Value; y: Value; dy: Value }, attrs: ResponseAttributes): Value {
  const norm = responseNorm(x, attrs);
  const direct = binary('Mul', dy, binary('Pow', norm, scalar(-attrs.beta, 'float32')));
  const shared = acrossChannels(binary('Div', binary('Mul', dy, y), norm), attrs.depthRadius);
  const factor = scalar(2 * attrs.alpha * attrs.beta, 'float32');
  return binary('Sub', direct, binary('Mul', factor, binary('Mul', x, shared)));
}

const vector = { shape: [3] };
const spread = { shape: [3], low: 0.5, high: 2 };
const response = { x: { shape: [2, 2, 3, 5] } };

export const normalisation: readonly Lowering[] = [
  lowering<BatchNormInputs, { varianceEpsilon?: number }>('FusedBatchNorm', batchNorm, [
    {
      name: 'images, computed moments',
      inputs: { x: { shape: [2, 3, 4, 3] }, scale: vector, offset: vector },
      run: ({ x, scale, offset }) => {
        const { mean, variance } = tf.moments(x!, [0, 1, 2]);
        return tf.batchNorm(
          x!,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
        );
      },
      gradient: true,
    },
    {
      name: 'images, known moments, no scale',
      inputs: { x: { shape: [2, 3, 4, 3] }, mean: vector, variance: spread },
      // tfjs's cpu backend cannot save an absent scale, so no gradient here.
      run: ({ x, mean, variance }) =>
        tf.batchNorm(x!, mean as tf.Tensor1D, variance as tf.Tensor1D, undefined, undefined, 0.1),
    },
    {
      name: 'matrix',
      inputs: { x: { shape: [4, 3] }, mean: vector, variance: spread, offset: vector, scale: vector },
      gradient: true,
      run: ({ x, mean, variance, offset, scale }) =>
        tf.batchNorm2d(
          x as tf.Tensor2D,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          offset as tf.Tensor1D,
          scale as tf.Tensor1D,
        ),
    },
    {
      name: 'moments for each element (layer normalisation)',
      inputs: {
        x: { shape: [2, 3, 4] },
        mean: { shape: [2, 3, 4] },
        variance: { shape: [2, 3, 4], low: 0.5, high: 2 },
      },
      run: ({ x, mean, variance }) => tf.batchNorm(x!, mean as tf.Tensor3D, variance as tf.Tensor3D),
    },
  ]),
  lowering<{ x: Value }, ResponseAttributes>('LRN', localResponse, [
    {
      name: 'radius 1',
      inputs: response,
      run: ({ x }) => tf.localResponseNormalization(x as tf.Tensor4D, 1, 1.5, 0.7, 0.6),
      gradient: true,
    },
    {
      name: 'default',
      inputs: response,
      run: ({ x }) => tf.localResponseNormalization(x as tf.Tensor4D),
    },
  ]),
  lowering<{ x: Value; y: Value; dy: Value }, ResponseAttributes>('LRNGrad', localResponseGradient, [
    {
      name: 'radius 2',
      inputs: response,
      run: ({ x }) => tf.grad((v) => tf.localResponseNormalization(v as tf.Tensor4D, 2, 1, 0.5, 0.8))(x!),
    },
  ]),
];
