/** Convolution and its two adjoints in ONNX's layout, for any number of spatial dimensions and groups. */
import { ints, op, reshape, scalar } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { padComputed } from './free-window.js';
import { permute, axes as range, swapBatch } from './layout.js';
import { reached, type Window, type WindowAxis, windowAttributes, windowAxis } from './window.js';

/** y[n, o, p] = sum over i, k of x[n, i, p * stride + k * dilation - before] * filter[o, i, k] (+ bias[o]). */
export function convolve(x: Value, filter: Value, window: Window, groups = 1, bias?: Value): Value {
  const { batch, outChannels } = window;
  const padded = padComputed(x, window, 0);
  const { axes } = padded.window;
  const input = reached(padded.x, axes, ({ stride }) => stride);
  const shape = [batch, outChannels, ...axes.map(({ output }) => output)];
  const inputs = bias ? [input, filter, bias] : [input, filter];
  return op('Conv', inputs, x.dtype, shape, { ...windowAttributes(axes), group: groups });
}

/** Adjoint of `convolve` in x: dx from dy [batch, out, ...] and the same filter [out, in / groups, ...kernel]. */
export function convolveTransposed(dy: Value, filter: Value, window: Window, groups = 1): Value {
  // onnxruntime's WebGPU provider has ConvTranspose in two dimensions only, and wrong with several channels a group.
  if (groups > 1 || window.axes.length > 2) return convolveTurned(dy, filter, window, groups);
  const { axes, batch, inChannels } = window;
  const extents = axes.map(({ input, before, after }) => input + Math.min(0, before) + Math.min(0, after));
  const attributes = { ...windowAttributes(axes), group: groups };
  const dx = op('ConvTranspose', [dy, filter], dy.dtype, [batch, inChannels, ...extents], attributes);
  return unreached(dx, axes);
}

/** `convolveTransposed` as a convolution: dy spread by the strides, the filter turned round. */
export function convolveTurned(dy: Value, filter: Value, window: Window, groups = 1): Value {
  const { axes, inChannels, outChannels } = window;
  const spaced = spread(dy, axes);
  const turned = axes.map((axis, i) => {
    const input = spaced.shape[2 + i]!;
    const reach = (axis.kernel - 1) * axis.dilation;
    return windowAxis(input, axis.input, axis.kernel, 1, axis.dilation, reach - axis.before);
  });
  const back = { ...window, inChannels: outChannels, outChannels: inChannels, axes: turned };
  return convolve(spaced, reversed(swapGroups(filter, groups), axes.length), back, groups);
}

/** [in, out / groups, ...kernel] from [out, in / groups, ...kernel]. */
function swapGroups(filter: Value, groups: number): Value {
  if (groups === 1) return swapBatch(filter);
  const [out, share, ...kernel] = filter.shape as [number, number, ...number[]];
  const split = reshape(filter, [groups, out / groups, share, ...kernel]);
  return reshape(permute(split, [0, 2, 1, ...range(3, split.rank)]), [groups * share, out / groups, ...kernel]);
}

/** Puts stride - 1 zeros behind every element of the spatial axes of a channels-first y. */
function spread(y: Value, axes: readonly WindowAxis[]): Value {
  if (axes.every(({ stride }) => stride === 1)) return y;
  const [batch, channels] = y.shape as [number, number];
  const open = reshape(y, [batch, channels, ...axes.flatMap(({ output }) => [output, 1])]);
  const gaps = [0, 0, ...axes.flatMap(({ stride }) => [0, stride - 1])];
  const shape = open.shape.map((n, i) => n + gaps[i]!);
  const wide = op('Pad', [open, ints([...gaps.map(() => 0), ...gaps]), scalar(0, y.dtype)], y.dtype, shape);
  return reshape(wide, [batch, channels, ...axes.map(({ output, stride }) => output * stride)]);
}

/** The filter turned round in its spatial axes. */
function reversed(filter: Value, spatial: number): Value {
  const axes = range(2, 2 + spatial);
  const before = axes.map((axis) => -filter.shape[axis]! - 1);
  const inputs = [filter, ints(axes.map(() => -1)), ints(before), ints(axes), ints(axes.map(() => -1))];
  return op('Slice', inputs, filter.dtype, filter.shape);
}

/**
 * Adjoint of a depthwise `convolve` (one group a channel) in the filter [in, multiplier, ...kernel], as a convolution
 * whose kernel is dy: the channels are the groups, the batch is what is summed over, strides and dilations swap.
 */
export function correlateChannels(x: Value, dy: Value, window: Window): Value {
  const { batch, inChannels, outChannels, axes } = window;
  const input = swapBatch(reached(x, axes));
  const grouped = reshape(input, [1, inChannels * batch, ...input.shape.slice(2)]);
  const kernel = axes.map((axis) => axis.kernel);
  const attributes = { ...windowAttributes(axes.map(exchanged)), group: inChannels };
  const sums = op('Conv', [grouped, swapBatch(dy)], x.dtype, [1, outChannels, ...kernel], attributes);
  return reshape(sums, [inChannels, outChannels / inChannels, ...kernel]);
}

/** The axis with kernel and output positions exchanged: x is read at k * dilation + o * stride - before. */
function exchanged(axis: WindowAxis): WindowAxis {
  return { ...axis, kernel: axis.output, output: axis.kernel, stride: axis.dilation, dilation: axis.stride };
}

/** Adjoint of `reached`: zeros where no window came. */
function unreached(x: Value, axes: readonly WindowAxis[]): Value {
  if (axes.every(({ before, after }) => before >= 0 && after >= 0)) return x;
  const pads = [0, 0, ...axes.map(({ before }) => Math.max(0, -before))].concat(
    [0, 0],
    axes.map(({ after }) => Math.max(0, -after)),
  );
  const shape = [...x.shape.slice(0, 2), ...axes.map(({ input }) => input)];
  return op('Pad', [x, ints(pads), scalar(0, x.dtype)], x.dtype, shape);
}
