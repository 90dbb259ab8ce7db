import { binary, cast, ints, op, ops, reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { axes as range } from '../idioms/layout.js';
import { contest, patches, toWinner, unpatch } from '../idioms/patches.js';
import { type Window, type WindowAttributes, window2d, windowSize } from '../idioms/window.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';

/** Greyscale dilation: the maximum under the window of x plus the filter [height, width, channels]. */
interface Dilated {
  readonly x: Value;
  readonly filter: Value;
}

function dilationWindow({ x, filter }: Dilated, { strides, pad, dilations }: WindowAttributes): Window {
  const shape = [...x.shape] as [number, number, number, number];
  const kernel = [...filter.shape] as [number, number, number];
  return window2d(tf.backend_util.computeDilation2DInfo(shape, kernel, strides, pad, 'NHWC', dilations ?? 1));
}

/** x plus filter, for every position under the window. */
function sums({ x, filter }: Dilated, window: Window): Value[] {
  const size = windowSize(window);
  const addend = { dtype: 'float32' as const, shape: [1, window.inChannels] };
  const rows = reshape(cast(filter, 'float32'), [size, window.inChannels]);
  const outputs = range(0, size).map(() => addend);
  const addends = size === 1 ? [rows] : ops('Split', [rows], outputs, { axis: 0, num_outputs: size });
  return patches(cast(x, 'float32'), window).map((part, p) => binary('Add', part, addends[p]!));
}

function dilate(inputs: Dilated, attrs: WindowAttributes): Value {
  const largest = sums(inputs, dilationWindow(inputs, attrs)).reduce((a, b) => binary('Max', a, b));
  return cast(largest, inputs.x.dtype);
}

/** dy for the position that gave the maximum (the first of equals), zero for the others. */
function routed(inputs: Dilated & { dy: Value }, window: Window): Value[] {
  return toWinner(inputs.dy, contest(sums(inputs, window), 'first'));
}

function inputGradient(inputs: Dilated & { dy: Value }, attrs: WindowAttributes): Value {
  const window = dilationWindow(inputs, attrs);
  return unpatch(routed(inputs, window), window);
}

function filterGradient(inputs: Dilated & { dy: Value }, attrs: WindowAttributes): Value {
  const window = dilationWindow(inputs, attrs);
  const row = [1, window.inChannels];
  const rows = routed(inputs, window).map((part) =>
    reshape(op('ReduceSum', [part, ints([0, 1, 2])], 'float32', [row[1]!], { keepdims: 0 }), row),
  );
  return reshape(op('Concat', rows, 'float32', [rows.length, row[1]!], { axis: 0 }), inputs.filter.shape);
}

const inputs = { x: lattice([2, 5, 6, 3], 5, 1.7), filter: lattice([2, 3, 3], 18, 0.09) };

const on = (name: string, strides: number, pad: 'same' | 'valid', dilations: number): LoweringCase => ({
  name,
  inputs,
  run: ({ x, filter }) => tf.dilation2d(x as tf.Tensor4D, filter as tf.Tensor3D, strides, pad, dilations),
  gradient: true,
});

const gradientCase = (wrt: 'x' | 'filter'): LoweringCase => ({
  name: 'same, stride 2',
  inputs: { ...inputs, dy: { shape: [2, 3, 3, 3] } },
  run: ({ x, filter, dy }) => {
    const f = (v: tf.Tensor): tf.Tensor => {
      const [image, kernel] = wrt === 'x' ? [v, filter!] : [x!, v];
      return tf.dilation2d(image as tf.Tensor4D, kernel as tf.Tensor3D, 2, 'same');
    };
    return tf.grad(f)(wrt === 'x' ? x! : filter!, dy);
  },
});

export const dilation: readonly Lowering[] = [
  lowering<Dilated, WindowAttributes>('Dilation2D', dilate, [
    on('same', 1, 'same', 1),
    on('valid, stride 2', 2, 'valid', 1),
    on('dilated', 1, 'same', 2),
  ]),
  lowering<Dilated & { dy: Value }, WindowAttributes>('Dilation2DBackpropInput', inputGradient, [gradientCase('x')]),
  lowering<Dilated & { dy: Value }, WindowAttributes>('Dilation2DBackpropFilter', filterGradient, [
    gradientCase('filter'),
  ]),
];
