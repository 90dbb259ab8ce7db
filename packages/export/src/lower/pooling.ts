import { binary, constant, fill, ints, op, scalar, viaFloat } from '../graph/build.js';
import type { Dialect } from '../graph/dialect.js';
import { sizeVector } from '../graph/size.js';
import { nodeOf, type Value } from '../graph/value.js';
import { sharesContest } from '../idioms/forms.js';
import { overFree, padComputed } from '../idioms/free-window.js';
import { channelsFirst, fromChannelsFirst } from '../idioms/layout.js';
import { contest, patches } from '../idioms/patches.js';
import {
  poolingWindow,
  reached,
  type Window,
  type WindowAttributes,
  type WindowAxis,
  windowAttributes,
  windowSize,
} from '../idioms/window.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';

export interface PoolAttributes extends WindowAttributes {
  readonly filterSize: number | readonly number[];
}

/** onnxruntime wants less padding than kernel; more of it is written out, and the window moves over the padded x. */
function padded(image: Value, given: Window, value: number): { x: Value; window: Window } {
  const { x, window } = padComputed(image, given, value);
  const { axes } = window;
  const input = reached(x, axes, ({ stride }) => stride);
  if (axes.every(({ before, after, kernel }) => before < kernel && after < kernel)) return { x: input, window };
  const before = axes.map((axis) => Math.max(0, axis.before));
  const after = axes.map((axis) => Math.max(0, axis.after));
  const pads = ints([0, 0, ...before, 0, 0, ...after]);
  const sizes = axes.map((_, i) => input.shape[2 + i]! + before[i]! + after[i]!);
  const wide = op('Pad', [input, pads, scalar(value, x.dtype)], x.dtype, [...input.shape.slice(0, 2), ...sizes]);
  const bare = axes.map((axis, i) => ({ ...axis, input: sizes[i]!, before: 0, after: 0 }));
  return { x: wide, window: { ...window, axes: bare } };
}

/**
 * onnxruntime (1.30) makes one node of a Pad of known amounts and the pooling behind it, and then refuses the padding that
 * is as wide as the window, or counts it: a Concat of one keeps them apart.
 */
function apartFromPad(x: Value): Value {
  const inner = nodeOf(x, 'Transpose')?.inputs[0] ?? x;
  const pads = nodeOf(inner, 'Pad')?.inputs[1];
  return pads?.source.kind === 'constant' ? op('Concat', [x], x.dtype, x.shape, { axis: 1 }) : x;
}

function pooledShape({ batch, inChannels, axes }: Window): number[] {
  return [batch, inChannels, ...axes.map(({ output }) => output)];
}

function maxPool(x: Value, window: Window): Value {
  const at = padded(apartFromPad(x), window, -Infinity);
  return op('MaxPool', [at.x], x.dtype, pooledShape(window), windowAttributes(at.window.axes));
}

/** Mean of the elements under the window; padding is not counted, and a window of nothing else gives 0. */
function averagePool(x: Value, window: Window): Value {
  const at = padded(x, window, 0);
  const shape = pooledShape(window);
  const means = op('AveragePool', [apartFromPad(at.x)], x.dtype, shape, averageAttributes(at.window));
  if (at.window === window) return means;
  // The written-out zeros have been counted as elements: the mean of ones padded alike is the share that is real.
  const counted = padded(ones(x, window), window, 0);
  const share = op(
    'AveragePool',
    [apartFromPad(counted.x)],
    x.dtype,
    [1, 1, ...shape.slice(2)],
    averageAttributes(at.window),
  );
  const atLeastOne = scalar(1 / windowSize(window), x.dtype);
  return binary('Div', means, binary('Max', share, atLeastOne));
}

/** One image of one channel, of the size of x [batch, channels, ...space]. */
function ones(x: Value, { axes }: Window): Value {
  const shape = [1, 1, ...x.shape.slice(2)];
  if (axes.every(({ size }) => size === undefined)) return fill(1, x.dtype, shape);
  const sizes = sizeVector([1, 1, ...axes.map(({ size, input }) => size ?? input)]);
  return op('Expand', [scalar(1, x.dtype), sizes], x.dtype, shape);
}

function averageAttributes({ axes }: Window): ReturnType<typeof windowAttributes> {
  const { kernel_shape, strides, pads } = windowAttributes(axes);
  return { kernel_shape: kernel_shape!, strides: strides!, pads: pads!, count_include_pad: 0 };
}

const pool =
  (apply: (x: Value, window: Window) => Value, contested = false) =>
  ({ x }: { x: Value }, attrs: PoolAttributes, dialect: Dialect): Value => {
    const window = overFree(poolingWindow(x.shape, attrs.filterSize, attrs), x, attrs);
    // tfjs returns an image itself where a window of one element keeps its shape, padded or not.
    const keeps = window.axes.every(({ kernel, input, output }) => kernel === 1 && input === output);
    if (keeps && x.rank === 4) return x;
    if (contested && sharesContest(window, dialect)) return contest(patches(x, window), 'first').largest;
    return viaFloat(x, (v) => fromChannelsFirst(apply(channelsFirst(v, 'channelsLast'), window), 'channelsLast'));
  };

/** Largest element and its number, NaN ignored. tfjs counts [height, width, channels], or through the batch as well. */
function maxPoolWithArgmax(
  { x }: { x: Value },
  attrs: PoolAttributes & { readonly includeBatchInIndex: boolean },
): Value[] {
  const window = poolingWindow(x.shape, attrs.filterSize, attrs);
  const { batch, inChannels: channels, axes } = window;
  const [rows, columns] = axes as [WindowAxis, WindowAxis];
  const real = op('Where', [op('IsNaN', [x], 'bool', x.shape), scalar(-Infinity, 'float32'), x], 'float32', x.shape);
  const { largest, wins } = contest(patches(real, window), 'first');
  const integer = (value: number): Value => scalar(value, 'int32');
  const position = wins.reduce(
    (last, win, i) => op('Where', [win, integer(i + 1), last], 'int32', largest.shape),
    fill(0, 'int32', largest.shape),
  );

  const corners = new Int32Array(rows.output * columns.output * channels);
  for (const i of corners.keys()) {
    const pixel = Math.floor(i / channels);
    const row = Math.floor(pixel / columns.output) * rows.stride - rows.before;
    const column = (pixel % columns.output) * columns.stride - columns.before;
    corners[i] = (row * columns.input + column) * channels + (i % channels);
  }
  const below = binary('Div', position, integer(columns.kernel));
  const offset = binary(
    'Add',
    binary('Mul', below, integer((columns.input - columns.kernel) * channels)),
    binary('Mul', position, integer(channels)),
  );
  const index = binary('Add', offset, constant(corners, 'int32', largest.shape.slice(1)));
  if (!attrs.includeBatchInIndex) return [largest, index];
  const images = fill(rows.input * columns.input * channels, 'int32', [batch, 1, 1, 1]);
  const first = op('CumSum', [images, scalar(0, 'int64')], 'int32', images.shape, { exclusive: 1 });
  return [largest, binary('Add', index, first)];
}

const image = { x: lattice([2, 7, 6, 3], 252, 0.04) };
const volume = { x: lattice([2, 5, 4, 6, 2], 480, 0.04) };

type Pool = (x: tf.Tensor4D) => tf.Tensor | tf.Tensor[];
type Pool3d = (x: tf.Tensor5D) => tf.Tensor;

const on = (name: string, run: Pool, gradient = false): LoweringCase => ({
  name,
  inputs: image,
  run: ({ x }) => run(x as tf.Tensor4D),
  gradient,
});
const on3d = (name: string, run: Pool3d, gradient = false): LoweringCase => ({
  name,
  inputs: volume,
  run: ({ x }) => run(x as tf.Tensor5D),
  gradient,
});

export const pooling: readonly Lowering[] = [
  lowering('MaxPool', pool(maxPool, true), [
    on('2x2', (x) => tf.maxPool(x, 2, 2, 'valid'), true),
    on('same, overlapping', (x) => tf.maxPool(x, [3, 2], [2, 1], 'same'), true),
    on('rounded up', (x) => tf.maxPool(x, 2, 2, 0, 'ceil')),
    on('more padding than kernel', (x) => tf.maxPool(x, 2, 2, 3)),
    on('1x1', (x) => tf.maxPool(x, 1, 2, 'valid'), true),
    on('dilated', (x) => tf.pool(x, [2, 2], 'max', 'same', 2) as tf.Tensor),
  ]),
  lowering('AvgPool', pool(averagePool), [
    on('2x2', (x) => tf.avgPool(x, 2, 2, 'valid'), true),
    on('same, overlapping', (x) => tf.avgPool(x, [3, 2], [2, 1], 'same')),
    on('rounded up', (x) => tf.avgPool(x, 2, 2, 0, 'ceil')),
    on('global', (x) => tf.avgPool(x, [7, 6], 1, 'valid'), true),
  ]),
  lowering('MaxPool3D', pool(maxPool), [
    on3d('2x2x2', (x) => tf.maxPool3d(x, 2, 2, 'valid'), true),
    on3d('same', (x) => tf.maxPool3d(x, [2, 3, 2], [1, 2, 2], 'same')),
  ]),
  lowering('AvgPool3D', pool(averagePool), [
    on3d('2x2x2', (x) => tf.avgPool3d(x, 2, 2, 'valid'), true),
    on3d('same', (x) => tf.avgPool3d(x, [2, 3, 2], [1, 2, 2], 'same')),
  ]),
  lowering('MaxPoolWithArgmax', maxPoolWithArgmax, [
    on('positions', (x) => Object.values(tf.maxPoolWithArgmax(x, 3, 2, 'same'))),
    on('positions through the batch', (x) => Object.values(tf.maxPoolWithArgmax(x, 2, 2, 'valid', true))),
  ]),
];
