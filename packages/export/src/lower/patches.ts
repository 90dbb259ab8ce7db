/**
 * The elements under every position of a window, as one tensor: what a maximum over a window needs where ONNX's pooling
 * doesn't go (an addend for each position, gradients, ties). Everything here keeps tfjs's layout, channels last.
 */
import { binary, constant, ints, op, ops, reshape, scalar, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { axes as range } from './layout.js';
import { type Window, type WindowAxis, windowSize } from './window.js';

/** Windows that tile the image: a patch is then a mere rearrangement. */
function tiles({ axes }: Window): boolean {
  return axes.every(({ kernel, stride, before, after, output }) => {
    return before === 0 && after === 0 && (kernel === stride || output === 1);
  });
}

/** [batch, out, kernel, out, kernel, ..., channels] to [batch, kernel, kernel, ..., out, out, ..., channels]. */
const kernelsFirst = (n: number): number[] => {
  const at = (offset: number): number[] => range(0, n).map((i) => 2 * i + offset);
  return [0, ...at(2), ...at(1), 2 * n + 1];
};

/** Where a position under the window starts in the padded image. */
const startOf = ({ before, dilation }: WindowAxis, k: number): number => Math.max(0, -before) + k * dilation;

/** Every position under the window in row order, as one index an axis. */
function positions(axes: readonly WindowAxis[]): number[][] {
  return axes.reduce<number[][]>(
    (all, { kernel }) => all.flatMap((head) => range(0, kernel).map((k) => [...head, k])),
    [[]],
  );
}

/** [batch, size, ...output, channels] from x [batch, ...space, channels]; padding is -Infinity. */
export function patches(x: Value, window: Window): Value {
  const { axes, batch, inChannels } = window;
  const outputs = axes.map(({ output }) => output);
  const shape = [batch, windowSize(window), ...outputs, inChannels];
  if (tiles(window)) {
    const split = reshape(x, [batch, ...axes.flatMap(({ output, kernel }) => [output, kernel]), inChannels]);
    return reshape(transpose(split, kernelsFirst(axes.length)), shape);
  }
  const image = padded(x, axes);
  const spatial = ints(range(1, 1 + axes.length));
  const steps = ints(axes.map(({ stride }) => stride));
  const parts = positions(axes).map((position) => {
    const starts = axes.map((axis, i) => startOf(axis, position[i]!));
    const ends = axes.map(({ output, stride }, i) => starts[i]! + (output - 1) * stride + 1);
    return op('Slice', [image, ints(starts), ints(ends), spatial, steps], x.dtype, [batch, ...outputs, inChannels]);
  });
  const lifted = parts.map((part) => reshape(part, [batch, 1, ...outputs, inChannels]));
  return op('Concat', lifted, x.dtype, shape, { axis: 1 });
}

function padded(x: Value, axes: readonly WindowAxis[]): Value {
  const before = axes.map((axis) => Math.max(0, axis.before));
  const after = axes.map((axis) => Math.max(0, axis.after));
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const shape = x.shape.map((n, i) => n + (before[i - 1] ?? 0) + (after[i - 1] ?? 0));
  return op('Pad', [x, ints([0, ...before, 0, 0, ...after, 0]), scalar(-Infinity, x.dtype)], x.dtype, shape);
}

/** Adjoint of `patches`: every element goes back to where it came from, and meets the others there in a sum. */
export function unpatch(y: Value, window: Window): Value {
  const { axes, batch, inChannels } = window;
  const n = axes.length;
  const inputs = axes.map(({ input }) => input);
  if (tiles(window)) {
    const kernels = axes.map(({ kernel }) => kernel);
    const outputs = axes.map(({ output }) => output);
    const split = reshape(y, [batch, ...kernels, ...outputs, inChannels]);
    const perm = kernelsFirst(n);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return reshape(transpose(split, inverse), [batch, ...inputs, inChannels]);
  }
  const spaced = spread(y, axes, 2);
  const size = windowSize(window);
  const lengths = spaced.shape.slice(2, 2 + n);
  const last = axes.map((axis, i) => startOf(axis, axis.kernel - 1) + lengths[i]!);
  const offset = axes.map(({ before }) => Math.max(0, before));
  const total = last.map((end, i) => Math.max(end, offset[i]! + inputs[i]!));
  const part = { dtype: y.dtype, shape: [batch, 1, ...lengths, inChannels] };
  const attributes = { axis: 1, num_outputs: size };
  const parts =
    size === 1
      ? [spaced]
      : ops(
          'Split',
          [spaced],
          range(0, size).map(() => part),
          attributes,
        );
  const placed = positions(axes).map((position, p) => {
    const before = axes.map((axis, i) => startOf(axis, position[i]!));
    const after = total.map((length, i) => length - lengths[i]! - before[i]!);
    const pads = ints([0, 0, ...before, 0, 0, 0, ...after, 0]);
    return op('Pad', [parts[p]!, pads, scalar(0, y.dtype)], y.dtype, [batch, 1, ...total, inChannels]);
  });
  const sum = reshape(
    placed.reduce((a, b) => binary('Add', a, b)),
    [batch, ...total, inChannels],
  );
  const ends = inputs.map((input, i) => input + offset[i]!);
  const spatial = ints(range(1, 1 + n));
  return op('Slice', [sum, ints(offset), ints(ends), spatial], y.dtype, [batch, ...inputs, inChannels]);
}

/** Puts stride - 1 zeros behind every element of the spatial axes, the first of which is `first`. */
export function spread(y: Value, axes: readonly WindowAxis[], first: number): Value {
  if (axes.every(({ stride }) => stride === 1)) return y;
  const [lead, tail] = [y.shape.slice(0, first), y.shape.slice(first + axes.length)];
  const open = reshape(y, [...lead, ...axes.flatMap(({ output }) => [output, 1]), ...tail]);
  const gaps = [...lead.map(() => 0), ...axes.flatMap(({ stride }) => [0, stride - 1]), ...tail.map(() => 0)];
  const pads = ints([...gaps.map(() => 0), ...gaps]);
  const wide = op(
    'Pad',
    [open, pads, scalar(0, y.dtype)],
    y.dtype,
    open.shape.map((n, i) => n + gaps[i]!),
  );
  return reshape(wide, [...lead, ...axes.map(({ output, stride }) => output * stride), ...tail]);
}

/** Number under the window of the largest of the patches, [batch, 1, ...output, channels]. */
export function largest(patches: Value, tie: 'first' | 'last'): Value {
  const shape = [patches.shape[0]!, 1, ...patches.shape.slice(2)];
  const attributes = { axis: 1, keepdims: 1, select_last_index: tie === 'last' ? 1 : 0 };
  return op('ArgMax', [patches], 'int64', shape, attributes);
}

/** dy [batch, ...output, channels] at the largest of the patches, zero at the others; a tie goes to one of them. */
export function atLargest(dy: Value, patches: Value, tie: 'first' | 'last'): Value {
  const size = patches.shape[1]!;
  const numbers = constant(
    BigInt64Array.from({ length: size }, (_, p) => BigInt(p)),
    'int64',
    [size, ...patches.shape.slice(2).map(() => 1)],
  );
  const mask = op('Equal', [largest(patches, tie), numbers], 'bool', patches.shape);
  const lifted = reshape(dy, [dy.shape[0]!, 1, ...dy.shape.slice(1)]);
  return op('Where', [mask, lifted, scalar(0, dy.dtype)], dy.dtype, patches.shape);
}
