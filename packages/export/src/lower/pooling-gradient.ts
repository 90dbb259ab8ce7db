import { fill } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { convolveTransposed } from '../idioms/convolve.js';
import { channelsFirst, fromChannelsFirst } from '../idioms/layout.js';
import { contest, patches, toWinner, unpatch } from '../idioms/patches.js';
import { poolingWindow, windowSize } from '../idioms/window.js';
import { tf } from '../tfjs.js';
import { type CaseInput, type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';
import type { PoolAttributes } from './pooling.js';

interface PoolGradient {
  readonly dy: Value;
  readonly input: Value;
}

/** tfjs gives the gradient of a tie to the first of the equal elements in two dimensions, to the last in three. */
const maxGradient =
  (tie: 'first' | 'last') =>
  ({ dy, input }: PoolGradient, attrs: PoolAttributes): Value => {
    const window = poolingWindow(input.shape, attrs.filterSize, attrs);
    return unpatch(toWinner(dy, contest(patches(input, window), tie)), window);
  };

/** Every element under the window gets dy / size: so has tfjs it at a padded edge too, where the mean is over fewer. */
function averageGradient({ dy, input }: PoolGradient, attrs: PoolAttributes): Value {
  const window = poolingWindow(input.shape, attrs.filterSize, attrs);
  const shape = [window.inChannels, 1, ...window.axes.map(({ kernel }) => kernel)];
  const equal = fill(1 / windowSize(window), 'float32', shape);
  const dx = convolveTransposed(channelsFirst(dy, 'channelsLast'), equal, window, window.inChannels);
  return fromChannelsFirst(dx, 'channelsLast');
}

const image = { shape: [2, 7, 6, 3] };
const volume = { shape: [2, 5, 4, 6, 2] };
const ties = lattice([1, 6, 6, 1], 3, 1);
const ties3d = lattice([1, 4, 4, 4, 1], 3, 1);

const of = (name: string, x: CaseInput, f: (x: tf.Tensor) => tf.Tensor): LoweringCase => ({
  name,
  inputs: { x },
  run: ({ x }) => tf.grad((v) => tf.square(f(v)))(x!),
});
const max = (x: tf.Tensor, size: number, strides: number, pad: 'same' | 'valid' | number): tf.Tensor =>
  tf.maxPool(x as tf.Tensor4D, size, strides, pad);
const mean = (x: tf.Tensor, size: number, strides: number, pad: 'same' | 'valid' | number): tf.Tensor =>
  tf.avgPool(x as tf.Tensor4D, size, strides, pad);
const max3d = (x: tf.Tensor, size: number, strides: number, pad: 'same' | 'valid'): tf.Tensor =>
  tf.maxPool3d(x as tf.Tensor5D, size, strides, pad);
const mean3d = (x: tf.Tensor, size: number, strides: number, pad: 'same' | 'valid'): tf.Tensor =>
  tf.avgPool3d(x as tf.Tensor5D, size, strides, pad);

export const poolingGradient: readonly Lowering[] = [
  lowering<PoolGradient, PoolAttributes>('MaxPoolGrad', maxGradient('first'), [
    of('same, overlapping', image, (x) => max(x, 3, 2, 'same')),
    of('ties', ties, (x) => max(x, 3, 1, 'valid')),
  ]),
  lowering<PoolGradient, PoolAttributes>('MaxPool3DGrad', maxGradient('last'), [
    of('same, overlapping', volume, (x) => max3d(x, 3, 2, 'same')),
    of('ties', ties3d, (x) => max3d(x, 2, 1, 'valid')),
  ]),
  lowering<PoolGradient, PoolAttributes>('AvgPoolGrad', averageGradient, [
    of('same, overlapping', image, (x) => mean(x, 3, 2, 'same')),
    of('rows left over', image, (x) => mean(x, 2, 4, 'valid')),
  ]),
  lowering<PoolGradient, PoolAttributes>('AvgPool3DGrad', averageGradient, [
    of('same, overlapping', volume, (x) => mean3d(x, 3, 2, 'same')),
  ]),
];
