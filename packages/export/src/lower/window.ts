/** The geometry of a sliding window in any number of spatial dimensions, from what tfjs computed for its own kernels. */
import { ints, op, scalar } from '../graph/build.js';
import { ceilDiv, floorDiv, larger, minus, now, plus, type Size, sizeAt, sizeVector, times } from '../graph/size.js';
import type { Attributes, Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type Layout, axes as range } from './layout.js';

/** Output position o reads input position o * stride + k * dilation - before, for 0 <= k < kernel. */
export interface WindowAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the first element. Negative: that many elements no window reaches (tfjs 3-d `same`). */
  readonly before: number;
  /** Padding after the last element, exactly what the last window needs. Negative: elements that no window reaches. */
  readonly after: number;
  /** The size of an axis of free size; absent for the others. */
  readonly size?: Size;
  /** Padding of an axis of free size, where it depends on that size; `before` and `after` hold this trace's. */
  readonly computed?: { readonly before: Size; readonly after: Size };
}

export interface Window {
  readonly layout: Layout;
  readonly axes: readonly WindowAxis[];
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** Attributes that tfjs's convolution and pooling kernels share. */
export interface WindowAttributes {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number;
  readonly dilations?: number | [number, number] | null;
  readonly dataFormat?: string;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Triple = [number, number, number];

/** Window of a convolution of `shape` (in the layout of `dataFormat`) with a tfjs filter of 2 or 3 spatial axes. */
export function convolutionWindow(
  shape: readonly number[],
  filterShape: readonly number[],
  layout: Layout,
  { strides, pad, dilations, dimRoundingMode }: WindowAttributes,
  depthwise = false,
): Window {
  const util = tf.backend_util;
  if (shape.length === 5) {
    const info = util.computeConv3DInfo(
      [...shape] as Shape5,
      [...filterShape] as Shape5,
      strides as unknown as Triple,
      (dilations ?? 1) as unknown as Triple,
      pad,
      depthwise,
      layout,
    );
    return window3d(info);
  }
  return window2d(
    util.computeConv2DInfo(
      [...shape] as Shape4,
      [...filterShape] as Shape4,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
      layout,
    ),
  );
}

/** Window of a pooling of `shape` (tfjs pools channels-last images only). */
export function poolingWindow(
  shape: readonly number[],
  filterSize: number | readonly number[],
  { strides, pad, dimRoundingMode }: WindowAttributes,
): Window {
  const util = tf.backend_util;
  if (shape.length === 5) {
    const size = filterSize as Triple;
    const steps = strides as unknown as Triple;
    return window3d(util.computePool3DInfo([...shape] as Shape5, size, steps, 1, pad, dimRoundingMode));
  }
  if (shape.length !== 4) throw new Error(`pooling takes images of rank 4 or 5, not [${shape}]`);
  const size = filterSize as [number, number];
  return window2d(util.computePool2DInfo([...shape] as Shape4, size, strides, 1, pad, dimRoundingMode));
}

/** `after` follows from the others: what the last window needs. */
export function windowAxis(
  input: number,
  output: number,
  kernel: number,
  stride: number,
  dilation: number,
  before: number,
): WindowAxis {
  const after = (output - 1) * stride + (kernel - 1) * dilation + 1 - input - before;
  return { input, output, kernel, stride, dilation, before, after };
}

export function window2d(info: tf.backend_util.Conv2DInfo): Window {
  return {
    layout: info.dataFormat,
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    axes: [
      windowAxis(
        info.inHeight,
        info.outHeight,
        info.filterHeight,
        info.strideHeight,
        info.dilationHeight,
        info.padInfo.top,
      ),
      windowAxis(
        info.inWidth,
        info.outWidth,
        info.filterWidth,
        info.strideWidth,
        info.dilationWidth,
        info.padInfo.left,
      ),
    ],
  };
}

function window3d(info: tf.backend_util.Conv3DInfo): Window {
  const { layout, batch, inChannels, outChannels, axes } = window2d(info as unknown as tf.backend_util.Conv2DInfo);
  const { inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo } = info;
  const depth = windowAxis(inDepth, outDepth, filterDepth, strideDepth, dilationDepth, padInfo.front);
  return { layout, batch, inChannels, outChannels, axes: [depth, ...axes] };
}

/**
 * The window over an image some of whose sizes are free: what is true of this trace's sizes alone is replaced by what is
 * true of all. Padding that depends on the size is computed in the graph, as tfjs computes it.
 */
export function overFree(window: Window, x: Value, attrs: Pick<WindowAttributes, 'pad' | 'dimRoundingMode'>): Window {
  const first = window.layout === 'channelsLast' ? 1 : 2;
  const axes = window.axes.map((axis, i): WindowAxis => {
    const size = sizeAt(x, first + i);
    if (typeof size === 'number') return axis;
    // Padding by a number, tfjs counts the columns' windows by the kernel and the stride of the rows.
    const [rows] = window.axes as [WindowAxis];
    const alike = axis.stride === rows.stride && extentOf(axis) === extentOf(rows);
    const asRows = typeof attrs.pad === 'number' && window.axes.length === 2 && !alike;
    // In three dimensions it leaves elements out at the front where the stride is beyond the kernel.
    const leavesOut = attrs.pad === 'same' && window.axes.length === 3 && axis.stride > extentOf(axis);
    return axis.stride === 1 || asRows || leavesOut
      ? { ...axis, size }
      : freeAxis({ ...axis, size }, size, first + i, attrs);
  });
  return axes.every((axis, i) => axis === window.axes[i]) ? window : { ...window, axes };
}

/** Elements from the first to the last under the window. */
const extentOf = ({ kernel, dilation }: WindowAxis): number => (kernel - 1) * dilation + 1;

function freeAxis(
  axis: WindowAxis,
  size: Size,
  position: number,
  { pad, dimRoundingMode = 'floor' }: Pick<WindowAttributes, 'pad' | 'dimRoundingMode'>,
): WindowAxis {
  const { stride } = axis;
  const extent = extentOf(axis);
  if (pad === 'same') {
    if (extent === 1) return { ...axis, before: 0, after: 0 };
    const reach = plus(times(minus(ceilDiv(size, stride), 1), stride), extent);
    const total = larger(minus(reach, size), 0);
    const before = floorDiv(total, 2);
    return { ...axis, computed: { before, after: minus(total, before) } };
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : ends(pad, position);
  // Rounded down, the last window fits, whatever the size: elements behind it are left alone.
  if (dimRoundingMode === 'floor' || pad === 'valid') return { ...axis, before, after };
  const steps = minus(plus(size, before + after), extent);
  const output =
    dimRoundingMode === 'ceil'
      ? plus(ceilDiv(steps, stride), 1)
      : plus(floorDiv(plus(times(steps, 2), stride), 2 * stride), 1);
  const reach = plus(times(minus(output, 1), stride), extent);
  return { ...axis, computed: { before, after: larger(minus(minus(reach, size), before), 0) } };
}

function ends(pad: WindowAttributes['pad'], position: number): [number, number] {
  return (pad as unknown as [number, number][])[position]!;
}

/** A channels-first x with its computed padding written out; the window over it. */
export function padComputed(x: Value, window: Window, value: number): { x: Value; window: Window } {
  const { axes } = window;
  if (axes.every(({ computed }) => computed === undefined)) return { x, window };
  const before = axes.map(({ computed }) => computed?.before ?? 0);
  const after = axes.map(({ computed }) => computed?.after ?? 0);
  const pads = sizeVector([0, 0, ...before, 0, 0, ...after]);
  const sizes = axes.map((_, i) => x.shape[2 + i]! + now(before[i]!) + now(after[i]!));
  const padded = op('Pad', [x, pads, scalar(value, x.dtype)], x.dtype, [...x.shape.slice(0, 2), ...sizes]);
  const bare = axes.map(({ computed, ...axis }, i) =>
    computed ? { ...axis, input: sizes[i]!, before: 0, after: 0 } : axis,
  );
  return { x: padded, window: { ...window, axes: bare } };
}

/** Number of elements under the window. */
export function windowSize({ axes }: Window): number {
  return axes.reduce((product, { kernel }) => product * kernel, 1);
}

/** Attributes of Conv, ConvTranspose and the pooling operators. */
export function windowAttributes(axes: readonly WindowAxis[]): Attributes {
  const pads = [...axes.map(({ before }) => before), ...axes.map(({ after }) => after)];
  return {
    kernel_shape: axes.map(({ kernel }) => kernel),
    strides: axes.map(({ stride }) => stride),
    dilations: axes.map(({ dilation }) => dilation),
    pads: pads.map((pad) => Math.max(0, pad)),
  };
}

/** The part of a channels-first x that the windows reach. Fewer than `slack` unreached elements at the end may stay. */
export function reached(x: Value, axes: readonly WindowAxis[], slack: (axis: WindowAxis) => number = () => 1): Value {
  const cut = axes.map((a) => ({ start: Math.max(0, -a.before), end: -a.after >= slack(a) ? -a.after : 0 }));
  if (cut.every(({ start, end }) => start === 0 && end === 0)) return x;
  const spatial = range(2, x.rank);
  const ends = cut.map(({ end }, i) => axes[i]!.input - end);
  const shape = [...x.shape.slice(0, 2), ...ends.map((end, i) => end - cut[i]!.start)];
  return op('Slice', [x, ints(cut.map(({ start }) => start)), ints(ends), ints(spatial)], x.dtype, shape);
}
