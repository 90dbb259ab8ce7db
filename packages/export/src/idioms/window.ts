/** The geometry of a sliding window in any number of spatial dimensions, from what tfjs computed for its own kernels. */
import { ints, op } from '../graph/build.js';
import type { Size } from '../graph/size.js';
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
