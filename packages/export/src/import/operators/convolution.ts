import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { asImage, channelsFirst, channelsLast } from './images.js';
import { type Operator, operator } from './operator.js';
import { convolveByPatches, isBetterAsProduct } from './patches.js';
import { type WindowAxis, windowOf } from './window.js';

type Pads = [[number, number], [number, number], [number, number], [number, number]];

interface Plan {
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pads: Pads;
}

function planOf(axes: readonly WindowAxis[]): Plan {
  const [h, w] = axes as [WindowAxis, WindowAxis];
  return {
    strides: [h.stride, w.stride],
    dilations: [h.dilation, w.dilation],
    pads: [
      [0, 0],
      [h.before, h.after],
      [w.before, w.after],
      [0, 0],
    ],
  };
}

/** Zeros between the taps of a filter [h, w, in, out], so that it is a dense one with the same results. */
function spreadTaps(filter: tf.Tensor4D, [dh, dw]: readonly [number, number]): tf.Tensor4D {
  if (dh === 1 && dw === 1) return filter;
  const [h, w, ci, co] = filter.shape;
  const apart = tf.pad(tf.reshape(filter, [h, 1, w, 1, ci * co]), [
    [0, 0],
    [0, dh - 1],
    [0, 0],
    [0, dw - 1],
    [0, 0],
  ]);
  const full = tf.reshape(apart, [h * dh, w * dw, ci, co]);
  return tf.slice(full, [0, 0, 0, 0], [(h - 1) * dh + 1, (w - 1) * dw + 1, ci, co]) as tf.Tensor4D;
}

type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D, dilations: [number, number]) => tf.Tensor4D;

/**
 * tfjs has no gradient of dilated convolutions: where one is wanted, the same convolution with a spread filter stands in, which can
 * be differentiated any number of times.
 */
function differentiable(
  convolve: Convolve,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  dilations: [number, number],
): tf.Tensor4D {
  const isTaped = tf.engine().state.gradientDepth > 0;
  return isTaped ? convolve(x, spreadTaps(filter, dilations), [1, 1]) : convolve(x, filter, dilations);
}

type Fused = (options: Omit<Parameters<typeof tf.fused.conv2d<tf.Tensor4D>>[0], 'pad'> & { pad: Pads }) => tf.Tensor4D;

/** A convolution with its bias in one kernel, which stays one node when it is exported again. */
function fused(
  kernel: Fused,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  { strides, pads, dilations }: Plan,
  bias: tf.Tensor | undefined,
): tf.Tensor4D {
  const options: Parameters<Fused>[0] = { x, filter, strides, pad: pads, dataFormat: 'NHWC', ...(bias && { bias }) };
  if (dilations[0] === 1 && dilations[1] === 1) return kernel(options);
  const plain = differentiable(
    (i, f, d) => kernel({ x: i, filter: f, strides, pad: pads, dataFormat: 'NHWC', dilations: d }),
    x,
    filter,
    dilations,
  );
  return biased(plain, bias) as tf.Tensor4D;
}

/** Images [n, h, w, in] with a filter of ONNX's order [out, in / groups, h, w]. */
function convolve2d(x: tf.Tensor4D, weights: tf.Tensor4D, plan: Plan, groups: number, bias?: tf.Tensor): tf.Tensor4D {
  const channels = x.shape[3];
  if (groups === 1) {
    const filter = tf.transpose(weights, [2, 3, 1, 0]) as tf.Tensor4D;
    return fused(tf.fused.conv2d as Fused, x, filter, plan, bias);
  }
  const [out, each, h, w] = weights.shape;
  if (groups === channels && each === 1) {
    const form = tf.reshape(weights, [groups, out / groups, h, w]);
    const filter = tf.transpose(form, [2, 3, 0, 1]) as tf.Tensor4D;
    return fused(tf.fused.depthwiseConv2d as unknown as Fused, x, filter, plan, bias);
  }
  const images = tf.split(x, groups, 3);
  const filters = tf.split(weights, groups, 0);
  const parts = images.map((image, i) => convolve2d(image as tf.Tensor4D, filters[i] as tf.Tensor4D, plan, 1));
  return biased(tf.concat(parts, 3), bias) as tf.Tensor4D;
}

/** Whole volumes: tfjs pads them by hand, and has neither groups nor gradients of dilations. */
function convolve3d(
  call: Call,
  x: tf.Tensor5D,
  weights: tf.Tensor5D,
  axes: readonly WindowAxis[],
  groups: number,
): tf.Tensor5D {
  if (axes.some(({ dilation }) => dilation !== 1))
    throw call.fault('is a dilated convolution of volumes, which is not supported');
  const padded = tf.pad(x, [[0, 0], ...axes.map(({ before, after }): [number, number] => [before, after]), [0, 0]]);
  const strides = axes.map(({ stride }) => stride) as [number, number, number];
  const images = groups === 1 ? [padded] : tf.split(padded, groups, 4);
  const filters = groups === 1 ? [weights] : tf.split(weights, groups, 0);
  const parts = images.map((image, i) => {
    const filter = tf.transpose(filters[i]!, [2, 3, 4, 1, 0]) as tf.Tensor5D;
    return tf.conv3d(image as tf.Tensor5D, filter, strides, 'valid');
  });
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 4);
}

/** A bias for each channel, of images whose channels come last. */
function biased(y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  return bias ? tf.add(y, bias) : y;
}

const FLAT: WindowAxis = { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

function convolution(call: Call): tf.Tensor {
  const [x, weights] = [call.tensor(0), call.tensor(1)];
  const groups = call.int('group', 1);
  const kernel = weights.shape.slice(2);
  const told = call.ints('kernel_shape');
  if (told && told.join() !== kernel.join())
    throw call.fault(`says kernel_shape [${told}], its weights have [${kernel}]`);
  if (x.rank !== weights.rank) throw call.fault(`takes ${x.rank} dimensions, its weights are for ${weights.rank}`);
  if (weights.shape[1]! * groups !== x.shape[1]) {
    throw call.fault(`takes ${x.shape[1]} channels, its weights are for ${weights.shape[1]! * groups}`);
  }
  const axes = windowOf(call, kernel, x.shape.slice(2));
  const bias = call.optional(2);
  if (x.rank === 5) {
    const y = convolve3d(call, channelsLast(x) as tf.Tensor5D, weights as tf.Tensor5D, axes, groups);
    return channelsFirst(biased(y, bias));
  }
  if (x.rank === 4) {
    if (groups === 1 && isBetterAsProduct(x, weights, axes)) return convolveByPatches(x, weights, axes, bias);
    return channelsFirst(
      convolve2d(channelsLast(x) as tf.Tensor4D, weights as tf.Tensor4D, planOf(axes), groups, bias),
    );
  }
  if (x.rank !== 3) throw call.fault(`takes ${x.rank} dimensions; 3 to 5 are supported`);
  const plan = planOf([FLAT, axes[0]!]);
  const y = convolve2d(channelsLast(asImage(x)) as tf.Tensor4D, asImage(weights) as tf.Tensor4D, plan, groups, bias);
  return tf.squeeze(channelsFirst(y), [2]);
}

interface Sizes {
  readonly axis: WindowAxis;
  readonly out: number;
}

/** Output sizes and padding of a transposed convolution: what `output_shape` asks for, or what padding leaves. */
function transposedSizes(call: Call, kernel: readonly number[], spatial: readonly number[]): Sizes[] {
  const axes = windowOf(call, kernel, spatial);
  const extra = call.ints('output_padding') ?? kernel.map(() => 0);
  const wanted = call.ints('output_shape');
  const auto = call.text('auto_pad', 'NOTSET');
  return axes.map((axis, i) => {
    const reach = (spatial[i]! - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 + extra[i]!;
    const out = wanted?.[i] ?? (auto.startsWith('SAME') ? spatial[i]! * axis.stride : reach - axis.before - axis.after);
    if (!wanted && !auto.startsWith('SAME')) return { axis, out };
    const total = reach - out;
    const [small, large] = [Math.floor(total / 2), total - Math.floor(total / 2)];
    const before = auto === 'SAME_UPPER' ? small : large;
    return { axis: { ...axis, before, after: total - before }, out };
  });
}

/** The gradient of a convolution in its input: `weights` of ONNX's order [in, out / groups, h, w]. */
function transposed2d(x: tf.Tensor4D, weights: tf.Tensor4D, sizes: readonly Sizes[], groups: number): tf.Tensor4D {
  if (groups > 1) {
    const images = tf.split(x, groups, 3);
    const filters = tf.split(weights, groups, 0);
    return tf.concat(
      images.map((image, i) => transposed2d(image as tf.Tensor4D, filters[i] as tf.Tensor4D, sizes, 1)),
      3,
    );
  }
  const { strides, dilations } = planOf(sizes.map(({ axis }) => axis));
  const filter = spreadTaps(tf.transpose(weights, [2, 3, 1, 0]) as tf.Tensor4D, dilations);
  // Without padding first, then cut: output padding and unequal margins are all the same.
  const whole = sizes.map(({ axis, out }) => Math.max(axis.before + out, 0));
  const reach = sizes.map(({ axis }, i) => (x.shape[i + 1]! - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1);
  const shape: [number, number, number, number] = [x.shape[0], reach[0]!, reach[1]!, weights.shape[1]];
  const y = tf.conv2dTranspose(x, filter, shape, strides, 'valid');
  const longer = whole.map((n, i) => Math.max(0, n - reach[i]!));
  const padded = longer.some((n) => n > 0)
    ? tf.pad(y, [
        [0, 0],
        [0, longer[0]!],
        [0, longer[1]!],
        [0, 0],
      ])
    : y;
  const begin = [0, sizes[0]!.axis.before, sizes[1]!.axis.before, 0];
  const size = [x.shape[0], sizes[0]!.out, sizes[1]!.out, weights.shape[1]];
  if (begin.every((n) => n === 0) && size.every((n, i) => n === padded.shape[i])) return padded as tf.Tensor4D;
  return tf.slice(padded, begin, size) as tf.Tensor4D;
}

function transposedConvolution(call: Call): tf.Tensor {
  const [x, weights] = [call.tensor(0), call.tensor(1)];
  const groups = call.int('group', 1);
  call.ignore('kernel_shape');
  const sizes = transposedSizes(call, weights.shape.slice(2), x.shape.slice(2));
  const bias = call.optional(2);
  if (x.rank === 4) {
    const y = transposed2d(channelsLast(x) as tf.Tensor4D, weights as tf.Tensor4D, sizes, groups);
    return channelsFirst(biased(y, bias));
  }
  if (x.rank !== 3) throw call.fault(`takes ${x.rank} dimensions; 3 and 4 are supported`);
  const flat = [{ axis: FLAT, out: 1 }, sizes[0]!];
  const y = transposed2d(channelsLast(asImage(x)) as tf.Tensor4D, asImage(weights) as tf.Tensor4D, flat, groups);
  return tf.squeeze(channelsFirst(biased(y, bias)), [2]);
}

/** Convolutions of rows, images and volumes, channels first. */
export const convolutions: readonly Operator[] = [
  operator('Conv', convolution),
  operator('ConvTranspose', transposedConvolution),
];
