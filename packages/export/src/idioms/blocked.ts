/**
 * Convolutions in the layout of onnxruntime's CPU provider: channels in blocks of 8 or 16, so that a vector register
 * holds one pixel's block. ReorderInput and ReorderOutput go from tfjs's channels-last and back in one pass; the filter is
 * arranged in the graph. Everything here takes and gives channels-last images and tfjs's filters [height, width, in, out].
 *
 *     x ─ (Pad) ─ ReorderInput ─┐
 *     filter ─ Reshape ─ Transpose ─ Reshape ─ Conv (com.microsoft.nchwc) ─ ReorderOutput ─ y
 */
import { ints, op, reshape, scalar, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { channelsFirst, axes as range } from './layout.js';
import { joinPhases, resize } from './tiles.js';
import { type Window, type WindowAxis, windowAttributes, windowAxis } from './window.js';

/** The domain of its operators. */
export const NCHWC = 'com.microsoft.nchwc';

/** Implicit padding wider than this costs the kernel more than a padded copy. */
const IMPLICIT_PADDING = 2;

/** With zeros behind them channels may become this many times as many. */
const FILLING = 1.15;

/**
 * Whether the layout can hold a convolution of `from` to `to` channels. Few input channels may stay unblocked; blocks that
 * are nearly whole, and half a block of output channels, are filled up with zeros.
 */
function fits(from: number, to: number, block: number): boolean {
  // onnxruntime fills channels in fours.
  const nearlyWhole = (channels: number): boolean =>
    channels % 4 === 0 && wholeBlocks(channels, block) <= FILLING * channels;
  return (nearlyWhole(to) || 2 * to === block) && (nearlyWhole(from) || from < block);
}

function wholeBlocks(channels: number, block: number): number {
  return Math.ceil(channels / block) * block;
}

export function canBlock({ axes, inChannels, outChannels }: Window, block: number): boolean {
  return axes.length === 2 && fits(inChannels, outChannels, block);
}

export function canBlockTransposed({ axes, inChannels, outChannels }: Window, block: number): boolean {
  const phased = axes.every(({ kernel, stride, input }) => (kernel >= stride || kernel === 1) && input % stride === 0);
  return axes.length === 2 && phased && fits(outChannels, inChannels, block);
}

export function convolveBlocked(x: Value, filter: Value, window: Window, block: number, bias?: Value): Value {
  return blockedConv(new BlockedImage(x, block), arrange(filter, block), window, bias);
}

/**
 * Adjoint of the convolution in x: dx from dy. Every stride-th row and column of dx is an unstrided convolution of dy
 * with every stride-th row and column of the filter turned round, so nothing is multiplied by the zeros between strides. A kernel of 1
 * reaches one row and column in `stride`.
 */
export function convolveTransposedBlocked(dy: Value, filter: Value, window: Window, block: number): Value {
  const { axes, inChannels, outChannels } = window;
  let phases: { starts: number[]; axes: WindowAxis[] }[] = [{ starts: [], axes: [] }];
  for (const axis of axes) {
    const along = range(0, axis.stride).map((e) => phaseOf(axis, e));
    phases = phases.flatMap((head) =>
      along.map((phase) => ({ starts: [...head.starts, phase.start], axes: [...head.axes, phase.axis] })),
    );
  }
  const image = new BlockedImage(dy, block);
  const back = { ...window, inChannels: outChannels, outChannels: inChannels };
  // By itself, since onnxruntime moves one axis quickly, and several only where the last stays the last.
  const swapped = transpose(filter, [0, 1, 3, 2]);
  const results = phases.map((phase) => {
    const taps = phase.axes.map(({ kernel }) => kernel);
    if (taps.some((n) => n === 0)) return undefined; // no window reaches these pixels
    const strides = axes.map(({ stride }) => stride);
    const turned = everyTap(swapped, phase.starts, strides, taps);
    return blockedConv(image, arrange(turned, block), { ...back, axes: phase.axes });
  });
  return joinPhases(
    results,
    axes.map(({ stride }) => stride),
  );
}

/**
 * Elements e, e + stride, ... of dx read dy at v + shift - t for the filter's taps k = first + stride * t. Turned round,
 * the taps start at the last of them.
 */
function phaseOf(
  { input, output, kernel, stride, before }: WindowAxis,
  e: number,
): { start: number; axis: WindowAxis } {
  const first = (e + before) % stride;
  const shift = (e + before - first) / stride;
  const taps = Math.ceil((kernel - first) / stride);
  return { start: first + (taps - 1) * stride, axis: windowAxis(output, input / stride, taps, 1, 1, taps - 1 - shift) };
}

/** [...taps, out, in]: from `starts` backwards by `strides`. */
function everyTap(filter: Value, starts: number[], strides: number[], taps: number[]): Value {
  const ends = starts.map((start, i) => {
    const last = start - (taps[i]! - 1) * strides[i]!;
    return last > 0 ? last - 1 : -filter.shape[i]! - 1;
  });
  const shape = [...taps, ...filter.shape.slice(2)];
  const steps = ints(strides.map((stride) => -stride));
  return op('Slice', [filter, ints(starts), ints(ends), ints(range(0, 2)), steps], filter.dtype, shape);
}

/**
 * [out / block, in / block, height, width, block of in, block of out], in a tensor of the shape [out, in, height, width],
 * from [height, width, in, out], both filled up; in is not blocked if it is narrower than a block.
 */
function arrange(filter: Value, block: number): Value {
  const narrow = filter.shape[2]! < block;
  const full = filled(narrow ? filter : filled(filter, 2, block), 3, block);
  const [height, width, from, to] = full.shape as [number, number, number, number];
  const wide = from % block === 0;
  const split = reshape(full, [height, width, ...(wide ? [from / block, block] : [from]), to / block, block]);
  return reshape(transpose(split, wide ? [4, 2, 0, 1, 3, 5] : [3, 2, 0, 1, 4]), [to, from, height, width]);
}

/** With zeros behind the numbers of an axis, up to whole blocks. */
function filled(x: Value, axis: number, block: number): Value {
  const whole = wholeBlocks(x.shape[axis]!, block);
  if (whole === x.shape[axis]) return x;
  const shape = x.shape.map((n, i) => (i === axis ? whole : n));
  const ends = shape.map((n, i) => n - x.shape[i]!);
  return op('Pad', [x, ints([...ends.map(() => 0), ...ends]), scalar(0, x.dtype)], x.dtype, shape);
}

function blockedConv(image: BlockedImage, weights: Value, window: Window, bias?: Value): Value {
  const { batch, outChannels } = window;
  const { input, axes } = image.under(window.axes);
  const outputs = axes.map(({ output }) => output);
  const maps = weights.shape[0]!;
  const inputs = bias ? [input, weights, filled(bias, 0, maps)] : [input, weights];
  const attributes = { ...windowAttributes(axes), group: 1 };
  const y = op('Conv', inputs, input.dtype, [batch, maps, ...outputs], attributes, NCHWC);
  const shape = [batch, ...outputs, outChannels];
  return op('ReorderOutput', [y], input.dtype, shape, { channels: outChannels, channels_last: 1 }, NCHWC);
}

/** A channels-last image on its way into blocks: convolutions that need the same padding share the reordered image. */
class BlockedImage {
  readonly #image: Value;
  readonly #block: number;
  readonly #reordered = new Map<string, Value>();

  constructor(image: Value, block: number) {
    this.#image = image;
    this.#block = block;
  }

  /** Cut to what the windows reach, its rows padded if the kernel would be slow to; and the window over that. */
  under(axes: readonly WindowAxis[]): { input: Value; axes: readonly WindowAxis[] } {
    const [, across] = axes as [WindowAxis, WindowAxis];
    const wide = Math.max(0, across.before) + Math.max(0, across.after) > IMPLICIT_PADDING;
    const ends = (of: 'before' | 'after'): number[] =>
      axes.map((axis) => {
        if (wide && axis === across) return axis[of];
        // Fewer pixels than a stride may stay behind the last window.
        return of === 'after' && -axis.after < axis.stride ? 0 : Math.min(0, axis[of]);
      });
    const [before, after] = [ends('before'), ends('after')];
    const rest = axes.map((axis, i) => {
      const input = axis.input + before[i]! + after[i]!;
      return windowAxis(input, axis.output, axis.kernel, axis.stride, axis.dilation, axis.before - before[i]!);
    });
    const key = `${before} ${after}`;
    const input = this.#reordered.get(key) ?? this.#reorder(resize(this.#image, before, after));
    this.#reordered.set(key, input);
    return { input, axes: rest };
  }

  #reorder(image: Value): Value {
    const [batch, height, width, channels] = image.shape as [number, number, number, number];
    if (channels < this.#block) return channelsFirst(image, 'channelsLast');
    const shape = [batch, wholeBlocks(channels, this.#block), height, width];
    return op('ReorderInput', [image], image.dtype, shape, { channels_last: 1 }, NCHWC);
  }
}
