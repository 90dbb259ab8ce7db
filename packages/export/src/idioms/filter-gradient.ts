/**
 * The filter gradient of a convolution, as matrix products in several forms. Written as a convolution with dy for its kernel
 * it takes 1 to 5 times as long on onnxruntime's CPU provider.
 *
 * dw[k, i, o] = sum over p of x[p * stride + k - before, i] dy[p, o]. Either of the two slides under the other: patches of
 * x times dy, or x times patches of dy.
 */
import { sizeOf } from '@onnx-forge/infer';
import { ints, op, reshape, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { channelsFirst, permute, axes as range, rows, swapBatch } from './layout.js';
import { matMul } from './mat-mul.js';
import { patches } from './patches.js';
import { resize } from './tiles.js';
import { type Window, windowAxis } from './window.js';

/** Below this many channels a pixel is too little to multiply by: patches of the whole window are. */
const NARROW = 16;
/** Neighbouring positions of the window share one product up to this many rows. */
export const WIDEST = 128;
/** Copying a number into a patch takes as long as so many multiplications of the product. */
const COPY = 15;

const turned = { transposeA: true, transposeB: false };

/** [m, n] of left [k, m] and right [k, n], summed over k. */
type RowProduct = (left: Value, right: Value) => Value;

const atOnce: RowProduct = (left, right) => matMul(left, right, turned);

/** In two halves of an even k, which two threads can work on: onnxruntime shares out rows and columns of a product only. */
export const inHalves: RowProduct = (left, right) => {
  const [a, b] = [left, right].map((x) => reshape(x, [2, x.shape[0]! / 2, x.shape[1]!])) as [Value, Value];
  const halves = matMul(a, b, turned);
  return op('ReduceSum', [halves, ints([0])], halves.dtype, halves.shape.slice(1), { keepdims: 0 });
};

/**
 * [...kernel, in, out] from x and dy, channels last, in few wide products: taps lie side by side in a patch. The window has
 * no dilations.
 */
export function correlate(x: Value, dy: Value, window: Window, product: RowProduct = atOnce): Value {
  const { inChannels, axes } = window;
  const strides = axes.map(({ stride }) => stride);
  const before = axes.map((axis) => axis.before);
  if (gradientSlides(window)) {
    // Unstrided, x needs no padding either: dy has it.
    const phases = sizeOf(strides) === 1 ? { x, window } : spaceToDepth(x, window);
    return joinTaps(slideGradient(phases.x, dy, phases.window, product), window, phases.window);
  }
  if (inChannels < NARROW) {
    const after = axes.map((axis) => axis.after);
    const taps = axes.map(({ kernel }) => range(0, kernel));
    return byImage({ moving: resize(x, before, after), still: dy, taps, strides });
  }
  const phases = spaceToDepth(x, window);
  const taps = phases.window.axes.map(({ kernel }) => range(0, kernel));
  return joinTaps(byShift({ moving: phases.x, still: dy, taps, product }), window, phases.window);
}

/** The same by one product for each tap: more products, and no number is copied that a stride passes over. */
export function correlateTaps(x: Value, dy: Value, window: Window, product: RowProduct = atOnce): Value {
  const { axes, inChannels, outChannels } = window;
  const right = rows(dy, dy.rank - 1);
  const products = patches(x, window, 0).map((patch) => product(rows(patch, patch.rank - 1), right));
  const height = products.length * inChannels;
  const all =
    products.length === 1 ? products[0]! : op('Concat', products, x.dtype, [height, outChannels], { axis: 0 });
  return reshape(all, [...axes.map(({ kernel }) => kernel), inChannels, outChannels]);
}

/** The same as a convolution of x with dy for its kernel: channels are the batch, the batch is what is summed over. */
export function correlateByConvolution(x: Value, dy: Value, window: Window): Value {
  const { axes, inChannels, outChannels } = window;
  const padded = resize(
    x,
    axes.map(({ before }) => before),
    axes.map(({ after }) => after),
  );
  const [image, gradient] = [padded, dy].map((value) => swapBatch(channelsFirst(value, 'channelsLast')));
  const kernel = axes.map((axis) => axis.kernel);
  const filter = op('Conv', [image, gradient], x.dtype, [inChannels, outChannels, ...kernel], {
    kernel_shape: axes.map(({ output }) => output),
    strides: axes.map(() => 1),
    dilations: axes.map(({ stride }) => stride),
    pads: axes.flatMap(() => [0, 0]),
    group: 1,
  });
  return permute(filter, [...range(2, filter.rank), 0, 1]);
}

/** Whether patches of dy cost less than patches of x: they are as wide as it has channels, and there is one a pixel of x. */
function gradientSlides({ axes, inChannels, outChannels }: Window): boolean {
  const taps = axes.map(({ kernel, stride }) => Math.ceil(kernel / stride));
  const unstrided = axes.every(({ stride }) => stride === 1);
  const deep = inChannels * sizeOf(axes.map(({ stride }) => stride));
  const pixels = axes.map(({ input, output }, i) => (unstrided ? input : output + taps[i]! - 1));
  const cost = (sizes: readonly number[], channels: number): number =>
    sizeOf(sizes) * (COPY * channels + deep * outChannels);
  const ofImage = cost(
    axes.map(({ output }) => output),
    deep,
  );
  return cost(pixels, outChannels) < ofImage;
}

/** [...kernel, in, out] of an unstrided window: x[q] meets dy[q + before - k]. */
function slideGradient(x: Value, dy: Value, { axes, inChannels, outChannels }: Window, product: RowProduct): Value {
  const before = axes.map(({ kernel, before }) => kernel - 1 - before);
  const after = axes.map(({ kernel, after }) => kernel - 1 - after);
  const taps = axes.map(({ kernel }) => range(0, kernel).reverse());
  const moving = resize(dy, before, after);
  const filter =
    outChannels < NARROW
      ? byImage({ moving, still: x, taps, strides: axes.map(() => 1) })
      : byShift({ moving, still: x, taps, product });
  const n = axes.length;
  const kernel = axes.map((axis) => axis.kernel);
  return transpose(reshape(filter, [...kernel, outChannels, inChannels]), [...range(0, n), n + 1, n]);
}

/** Two images, channels last; for every tap t the sum over positions q of moving[q * stride + t, m] still[q, n]. */
interface Sliding {
  readonly moving: Value;
  readonly still: Value;
  /** Along each axis, in the order of the result. */
  readonly taps: readonly (readonly number[])[];
}

/** [...taps, m, n]: sum over images of patches [taps * m, positions] times [positions, n]. */
function byImage({ moving, still, taps, strides }: Sliding & { readonly strides: readonly number[] }): Value {
  const image = channelsFirst(moving, 'channelsLast');
  const [batch, channels] = image.shape as [number, number];
  const sizes = still.shape.slice(1, -1);
  const spatial = ints(range(2, image.rank));
  const steps = ints(strides);
  let offsets: number[][] = [[]];
  for (const along of taps) offsets = offsets.flatMap((head) => along.map((t) => [...head, t]));
  const parts = offsets.map((starts) => {
    const ends = starts.map((start, i) => start + (sizes[i]! - 1) * strides[i]! + 1);
    return op('Slice', [image, ints(starts), ints(ends), spatial, steps], moving.dtype, [batch, channels, ...sizes]);
  });
  const height = offsets.length * channels;
  const patches = op('Concat', parts, moving.dtype, [batch, height, ...sizes], { axis: 1 });
  const positions = sizeOf(sizes);
  const width = still.shape[still.rank - 1]!;
  const left = reshape(patches, [batch, height, positions]);
  const right = reshape(still, [batch, positions, width]);
  const products = matMul(left, right, { transposeA: false, transposeB: false });
  const total = op('ReduceSum', [products, ints([0])], moving.dtype, [height, width], { keepdims: 0 });
  return reshape(total, [...taps.map((along) => along.length), channels, width]);
}

/** [...taps, m, n]: one product for each tap; narrow neighbours side by side in one product. */
function byShift({ moving, still, taps, product }: Sliding & { readonly product: RowProduct }): Value {
  const sizes = still.shape.slice(1, -1);
  let wide = moving;
  let last = taps.length;
  while (last > 0 && wide.shape[wide.rank - 1]! * taps[last - 1]!.length <= WIDEST) {
    last--;
    wide = sideBySide(wide, 1 + last, sizes[last]!, taps[last]!);
  }
  const right = rows(still, still.rank - 1);
  let parts = [wide];
  for (const [i, along] of taps.slice(0, last).entries()) {
    parts = parts.flatMap((part) => along.map((t) => from(part, 1 + i, t, sizes[i]!)));
  }
  const products = parts.map((part) => product(rows(part, part.rank - 1), right));
  const height = products.length * products[0]!.shape[0]!;
  const all =
    products.length === 1 ? products[0]! : op('Concat', products, moving.dtype, [height, right.shape[1]!], { axis: 0 });
  return reshape(all, [...taps.map((along) => along.length), moving.shape[moving.rank - 1]!, right.shape[1]!]);
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

/** The filter of a strided window from that of `spaceToDepth`'s: coarse taps and phases make the fine taps. */
function joinTaps(filter: Value, { axes, inChannels, outChannels }: Window, coarse: Window): Value {
  if (coarse.inChannels === inChannels) return filter;
  const n = axes.length;
  const kernel = axes.map((axis) => axis.kernel);
  const split = [...coarse.axes.map((axis) => axis.kernel), ...axes.map(({ stride }) => stride)];
  const perm = [...range(0, n).flatMap((i) => [i, n + i]), 2 * n, 2 * n + 1];
  const joined = transpose(reshape(filter, [...split, inChannels, outChannels]), perm);
  const full = axes.map(({ stride }, i) => coarse.axes[i]!.kernel * stride);
  const fine = reshape(joined, [...full, inChannels, outChannels]);
  if (full.every((size, i) => size === kernel[i])) return fine;
  const shape = [...kernel, inChannels, outChannels];
  return op('Slice', [fine, ints(kernel.map(() => 0)), ints(kernel), ints(range(0, n))], fine.dtype, shape);
}

/** `length` pixels of an axis from each tap on, next to each other in the channels. */
function sideBySide(x: Value, axis: number, length: number, taps: readonly number[]): Value {
  if (taps.length === 1) return from(x, axis, taps[0]!, length);
  const parts = taps.map((t) => from(x, axis, t, length));
  const shape = [...parts[0]!.shape.slice(0, -1), taps.length * x.shape[x.rank - 1]!];
  return op('Concat', parts, x.dtype, shape, { axis: x.rank - 1 });
}

/** `length` elements of an axis from `start` on. */
function from(x: Value, axis: number, start: number, length: number): Value {
  if (length === x.shape[axis]) return x;
  const shape = x.shape.map((n, i) => (i === axis ? length : n));
  return op('Slice', [x, ints([start]), ints([start + length]), ints([axis])], x.dtype, shape);
}
