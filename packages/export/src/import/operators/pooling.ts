import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { asImage, channelsFirst, channelsLast } from './images.js';
import { type Operator, operator } from './operator.js';
import { extent, type WindowAxis, windowOf } from './window.js';

/** With `ceil_mode` a last window may begin in the image and reach beyond its padding. */
function plan(call: Call, spatial: readonly number[]): { axes: WindowAxis[]; beyond: number[] } {
  const kernel = call.ints('kernel_shape');
  if (!kernel) throw call.fault('lacks its kernel_shape');
  if (kernel.length !== spatial.length) throw call.fault(`has ${kernel.length} sizes for ${spatial.length} axes`);
  const ceil = call.int('ceil_mode', 0) === 1;
  call.ignore('storage_order');
  const axes = windowOf(call, kernel, spatial);
  const beyond = axes.map((axis, i) => {
    if (!ceil) return 0;
    const room = spatial[i]! + axis.before + axis.after - extent(axis);
    const windows = Math.ceil(room / axis.stride) + 1;
    // No window begins in the padding at the end.
    const starts = (windows - 1) * axis.stride < spatial[i]! + axis.before ? windows : windows - 1;
    return Math.max(0, (starts - 1) * axis.stride - room);
  });
  return { axes, beyond };
}

type Pool = (x: tf.Tensor, axes: readonly WindowAxis[]) => tf.Tensor;

/** Pools images and volumes without padding, channels last; rows as images of height 1. */
function pooled(pool2d: Pool, pool3d: Pool, call: Call, x: tf.Tensor, axes: readonly WindowAxis[]): tf.Tensor {
  if (axes.some(({ dilation }) => dilation !== 1)) throw call.fault('is a dilated pooling, which is not supported');
  if (x.rank === 5) return channelsFirst(pool3d(channelsLast(x), axes));
  if (x.rank === 4) return channelsFirst(pool2d(channelsLast(x), axes));
  if (x.rank !== 3) throw call.fault(`takes ${x.rank} dimensions; 3 to 5 are supported`);
  const flat: WindowAxis = { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };
  return tf.squeeze(channelsFirst(pool2d(channelsLast(asImage(x)), [flat, axes[0]!])), [2]);
}

type Padding = [[number, number], [number, number], [number, number], [number, number]];

const marginsOf = (axes: readonly WindowAxis[]): [number, number][] => axes.map(({ before, after }) => [before, after]);
const sizes = (axes: readonly WindowAxis[]): [number, number] => axes.map(({ kernel }) => kernel) as [number, number];
const strides = (axes: readonly WindowAxis[]): [number, number] => axes.map(({ stride }) => stride) as [number, number];
const maximum = (x: tf.Tensor, axes: readonly WindowAxis[]): tf.Tensor =>
  tf.maxPool(x as tf.Tensor4D, sizes(axes), strides(axes), [[0, 0], ...marginsOf(axes), [0, 0]] as Padding);
const maximum3d = (x: tf.Tensor, axes: readonly WindowAxis[]): tf.Tensor =>
  tf.maxPool3d(x as tf.Tensor5D, sizes(axes) as never, strides(axes) as never, 'valid');
const average = (x: tf.Tensor, axes: readonly WindowAxis[]): tf.Tensor =>
  tf.avgPool(x as tf.Tensor4D, sizes(axes), strides(axes), 'valid');
const average3d = (x: tf.Tensor, axes: readonly WindowAxis[]): tf.Tensor =>
  tf.avgPool3d(x as tf.Tensor5D, sizes(axes) as never, strides(axes) as never, 'valid');

const LOWEST = -3.4028234663852886e38;

function padded(x: tf.Tensor, margins: readonly [number, number][], value: number): tf.Tensor {
  if (margins.every(([before, after]) => before === 0 && after === 0)) return x;
  return tf.pad(x, [[0, 0], [0, 0], ...margins], value);
}

function maxPool(call: Call): tf.Tensor {
  if (call.wants(1)) throw call.fault('gives the places of its maxima, which is not supported');
  const x = call.tensor(0);
  const { axes, beyond } = plan(call, x.shape.slice(2));
  const wide = axes.map((axis, i) => ({ ...axis, after: axis.after + beyond[i]! }));
  if (x.rank < 5) return pooled(maximum, maximum3d, call, x, wide);
  return pooled(maximum, maximum3d, call, padded(x, marginsOf(wide), LOWEST), axes);
}

/** Sums of windows over the elements that count: those of the image, and of its padding if `count_include_pad`. */
function averagePool(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const inclusive = call.int('count_include_pad', 0) === 1;
  const { axes, beyond } = plan(call, x.shape.slice(2));
  const margins = axes.map(({ before, after }, i): [number, number] => [before, after + beyond[i]!]);
  const y = pooled(average, average3d, call, padded(x, margins, 0), axes);
  const counted = inclusive
    ? axes.map(({ before, after }): [number, number] => [before, after])
    : axes.map(() => [0, 0] as [number, number]);
  if (margins.every(([before, after], i) => before === counted[i]![0] && after === counted[i]![1])) return y;
  return tf.mul(y, scale(x.shape.slice(2), axes, counted, y.shape.slice(2)));
}

/** The p-norm of each window: a root of a sum, which zeros have no gradient of. */
function normPool(call: Call): tf.Tensor {
  const x = call.tensor(0);
  const p = call.int('p', 2);
  if (p < 1) throw call.fault(`has p = ${p}; 1 and more are supported`);
  const { axes, beyond } = plan(call, x.shape.slice(2));
  const margins = axes.map(({ before, after }, i): [number, number] => [before, after + beyond[i]!]);
  const powers = p === 1 ? tf.abs(x) : p === 2 ? tf.mul(x, x) : tf.pow(tf.abs(x), p);
  const means = pooled(average, average3d, call, padded(powers, margins, 0), axes);
  const sums = tf.mul(
    means,
    axes.reduce((size, { kernel }) => size * kernel, 1),
  );
  return p === 1 ? sums : p === 2 ? tf.sqrt(sums) : tf.pow(sums, 1 / p);
}

/** For each window its size over the number of its elements that count: numbers that follow from sizes alone. */
function scale(
  spatial: readonly number[],
  axes: readonly WindowAxis[],
  counted: readonly [number, number][],
  out: readonly number[],
): tf.Tensor {
  const factors = axes.map((axis, i) => {
    const [low, high] = [-counted[i]![0], spatial[i]! + counted[i]![1]];
    return Array.from({ length: out[i]! }, (_, at) => {
      const begin = at * axis.stride - axis.before;
      return axis.kernel / (Math.min(high, begin + axis.kernel) - Math.max(low, begin));
    });
  });
  return factors
    .map((numbers, i) => tf.tensor(numbers, [1, 1, ...factors.map((each, j) => (i === j ? each.length : 1))]))
    .reduce((a, b) => tf.mul(a, b));
}

const spatialAxes = (x: tf.Tensor): number[] => x.shape.map((_, axis) => axis).slice(2);

/** Windows of images, channels first. */
export const pooling: readonly Operator[] = [
  operator('MaxPool', maxPool),
  operator('AveragePool', averagePool),
  operator('LpPool', normPool),
  operator('GlobalAveragePool', (call) => tf.mean(call.tensor(0), spatialAxes(call.tensor(0)), true)),
  operator('GlobalMaxPool', (call) => tf.max(call.tensor(0), spatialAxes(call.tensor(0)), true)),
];
