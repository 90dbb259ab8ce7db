import { binary, cast, ints, op, reshape, viaFloat } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tf } from '../tfjs.js';
import { type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';
import { atLargest, patches, unpatch } from './patches.js';
import { type Window, type WindowAttributes, window2d, windowSize } from './window.js';

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

/** x plus filter for every position under the window: [batch, size, height, width, channels]. */
function sums({ x, filter }: Dilated, window: Window): Value {
  const addend = reshape(cast(filter, 'float32'), [windowSize(window), 1, 1, window.inChannels]);
  return binary('Add', patches(x, window), addend);
}

function dilate({ x, filter }: Dilated, attrs: WindowAttributes): Value {
  const window = dilationWindow({ x, filter }, attrs);
  const { batch, inChannels, axes } = window;
  const shape = [batch, ...axes.map(({ output }) => output), inChannels];
  return viaFloat(x, (v) =>
    op('ReduceMax', [sums({ x: v, filter }, window), ints([1])], 'float32', shape, { keepdims: 0 }),
  );
}

/** dy for the position that gave the maximum (the first of equals), zero for the others. */
function routed(inputs: Dilated & { dy: Value }, window: Window): Value {
  return atLargest(inputs.dy, sums(inputs, window), 'first');
}

function inputGradient(inputs: Dilated & { dy: Value }, attrs: WindowAttributes): Value {
  const window = dilationWindow(inputs, attrs);
  return unpatch(routed(inputs, window), window);
}

function filterGradient(inputs: Dilated & { dy: Value }, attrs: WindowAttributes): Value {
  const window = dilationWindow(inputs, attrs);
  const shape = [windowSize(window), window.inChannels];
  const sum = op('ReduceSum', [routed(inputs, window), ints([0, 2, 3])], 'float32', shape, { keepdims: 0 });
  return reshape(sum, inputs.filter.shape);
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
