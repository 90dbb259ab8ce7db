/**
 * The filter gradient of a convolution as matrix products. Written as a convolution with dy for its kernel it takes 1.5
 * to 5 times as long on onnxruntime's CPU provider.
 */
import { sizeOf } from '@onnx-forge/infer';
import { ints, op, reshape, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { channelsFirst, axes as range, rows } from './layout.js';
import { matMul } from './linear.js';
import { resize } from './tiles.js';
import { type Window, windowAxis, windowSize } from './window.js';

/** Below this many channels a pixel is too little to multiply by: patches of the whole window are. */
const NARROW = 16;
/** Neighbouring positions of the window share one product up to this many rows. */
const WIDEST = 256;

const turned = { transposeA: true, transposeB: false };

/** [...kernel, in, out] from x and dy, channels last. The window has no dilations. */
export function correlate(x: Value, dy: Value, window: Window): Value {
  const { inChannels, outChannels, axes } = window;
  const kernel = axes.map((axis) => axis.kernel);
  const shape = [...kernel, inChannels, outChannels];
  if (inChannels < NARROW) return reshape(byImage(x, dy, window), shape);
  const phases = spaceToDepth(x, window);
  const wide = reshape(byShift(phases.x, dy, phases.window), [
    ...phases.window.axes.map((axis) => axis.kernel),
    ...axes.map(({ stride }) => stride),
    inChannels,
    outChannels,
  ]);
  const n = axes.length;
  const perm = [...range(0, n).flatMap((i) => [i, n + i]), 2 * n, 2 * n + 1];
  const full = axes.map(({ stride }, i) => phases.window.axes[i]!.kernel * stride);
  const filter = reshape(transpose(wide, perm), [...full, inChannels, outChannels]);
  if (full.every((size, i) => size === kernel[i])) return filter;
  return op('Slice', [filter, ints(kernel.map(() => 0)), ints(kernel), ints(range(0, n))], filter.dtype, shape);
}

/** Sum over images of patches [size * in, positions] times dy [positions, out]. */
function byImage(x: Value, dy: Value, window: Window): Value {
  const { axes, batch, inChannels, outChannels } = window;
  const outputs = axes.map(({ output }) => output);
  const before = axes.map((axis) => axis.before);
  const image = channelsFirst(
    resize(
      x,
      before,
      axes.map(({ after }) => after),
    ),
    'channelsLast',
  );
  const spatial = ints(range(2, 2 + axes.length));
  const strides = ints(axes.map(({ stride }) => stride));
  let offsets: number[][] = [[]];
  for (const { kernel } of axes) offsets = offsets.flatMap((head) => range(0, kernel).map((k) => [...head, k]));
  const parts = offsets.map((starts) => {
    const ends = axes.map(({ output, stride }, i) => starts[i]! + (output - 1) * stride + 1);
    const shape = [batch, inChannels, ...outputs];
    return op('Slice', [image, ints(starts), ints(ends), spatial, strides], x.dtype, shape);
  });
  const height = windowSize(window) * inChannels;
  const patches = op('Concat', parts, x.dtype, [batch, height, ...outputs], { axis: 1 });
  const positions = sizeOf(outputs);
  const left = reshape(patches, [batch, height, positions]);
  const right = reshape(dy, [batch, positions, outChannels]);
  const products = matMul(left, right, { transposeA: false, transposeB: false });
  return op('ReduceSum', [products, ints([0])], x.dtype, [height, outChannels], { keepdims: 0 });
}

/** A strided window over x as an unstrided one over an image of strides^2 as many channels, ordered [...phase, in]. */
function spaceToDepth(x: Value, window: Window): { x: Value; window: Window } {
  const { axes, batch, inChannels } = window;
  const coarse = axes.map(({ kernel, stride, output }) => {
    const taps = Math.ceil(kernel / stride);
    return windowAxis(output + taps - 1, output, taps, 1, 1, 0);
  });
  const before = axes.map((axis) => axis.before);
  const after = axes.map(({ stride, input }, i) => coarse[i]!.input * stride - before[i]! - input);
  const image = resize(x, before, after);
  const channels = inChannels * sizeOf(axes.map(({ stride }) => stride));
  const result = { ...window, axes: coarse, inChannels: channels };
  if (channels === inChannels) return { x: image, window: result };
  const split = reshape(image, [batch, ...axes.flatMap(({ stride }, i) => [coarse[i]!.input, stride]), inChannels]);
  const at = (offset: number): number[] => axes.map((_, i) => 2 * i + offset);
  const deep = transpose(split, [0, ...at(1), ...at(2), 2 * axes.length + 1]);
  return { x: reshape(deep, [batch, ...coarse.map(({ input }) => input), channels]), window: result };
}

/** One product for each position under an unstrided window; narrow neighbours side by side in one product. */
function byShift(x: Value, dy: Value, { axes }: Window): Value {
  let wide = x;
  let last = axes.length;
  while (last > 0 && wide.shape[wide.rank - 1]! * axes[last - 1]!.kernel <= WIDEST) {
    last--;
    wide = sideBySide(wide, 1 + last, axes[last]!.output);
  }
  const gradient = rows(dy, dy.rank - 1);
  let parts = [wide];
  for (const [i, { kernel, output }] of axes.slice(0, last).entries()) {
    parts = parts.flatMap((part) => range(0, kernel).map((k) => from(part, 1 + i, k, output)));
  }
  const products = parts.map((part) => matMul(rows(part, part.rank - 1), gradient, turned));
  if (products.length === 1) return products[0]!;
  const height = products.length * products[0]!.shape[0]!;
  return op('Concat', products, x.dtype, [height, gradient.shape[1]!], { axis: 0 });
}

/** All windows of `output` elements along an axis, next to each other in the channels. */
function sideBySide(x: Value, axis: number, output: number): Value {
  const kernel = x.shape[axis]! - output + 1;
  if (kernel === 1) return x;
  const parts = range(0, kernel).map((k) => from(x, axis, k, output));
  const shape = [...parts[0]!.shape.slice(0, -1), kernel * x.shape[x.rank - 1]!];
  return op('Concat', parts, x.dtype, shape, { axis: x.rank - 1 });
}

/** `length` elements of an axis from `start` on. */
function from(x: Value, axis: number, start: number, length: number): Value {
  if (length === x.shape[axis]) return x;
  const shape = x.shape.map((n, i) => (i === axis ? length : n));
  return op('Slice', [x, ints([start]), ints([start + length]), ints([axis])], x.dtype, shape);
}
