import { reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { convolve, convolveTransposed, correlateChannels } from '../idioms/convolve.js';
import { overFree } from '../idioms/free-window.js';
import { channelsFirst, fromChannelsFirst, layoutOf, permute } from '../idioms/layout.js';
import { convolutionWindow, type WindowAttributes } from '../idioms/window.js';
import { tf } from '../tfjs.js';
import type { FusedAttributes } from './activation.js';
import { alignTo, type Epilogue, withEpilogue } from './epilogue.js';
import { type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';

/** [in * multiplier, 1, height, width] from tfjs's [height, width, in, multiplier]: one group a channel. */
function grouped(filter: Value): Value {
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  return reshape(permute(filter, [2, 3, 0, 1]), [channels * multiplier, 1, height, width]);
}

function depthwise(
  { x, filter, ...epilogue }: { x: Value; filter: Value } & Epilogue,
  attrs: WindowAttributes & FusedAttributes,
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = overFree(convolutionWindow(x.shape, filter.shape, layout, attrs, true), x, attrs);
  const y = withEpilogue(epilogue, attrs, window.outChannels, alignTo(layout), (bias) =>
    convolve(channelsFirst(x, layout), grouped(filter), window, window.inChannels, bias),
  );
  return fromChannelsFirst(y, layout);
}

function inputGradient(
  { dy, filter }: { dy: Value; filter: Value },
  attrs: WindowAttributes & { readonly inputShape: readonly number[] },
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = convolutionWindow(attrs.inputShape, filter.shape, layout, attrs, true);
  const dx = convolveTransposed(channelsFirst(dy, layout), grouped(filter), window, window.inChannels);
  return fromChannelsFirst(dx, layout);
}

function filterGradient(
  { x, dy }: { x: Value; dy: Value },
  attrs: WindowAttributes & { readonly filterShape: readonly number[] },
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = convolutionWindow(x.shape, attrs.filterShape, layout, attrs, true);
  const perChannel = correlateChannels(channelsFirst(x, layout), channelsFirst(dy, layout), window);
  return permute(perChannel, [2, 3, 0, 1]);
}

const inputs = { x: { shape: [2, 6, 5, 3] }, filter: { shape: [3, 2, 3, 2] } };

type Depthwise = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

const plain = (name: string, f: Depthwise, gradient = true): LoweringCase => ({
  name,
  inputs,
  run: ({ x, filter }) => f(x as tf.Tensor4D, filter as tf.Tensor4D),
  gradient,
});

/** The gradient in one operand, so that the gradient kernel itself has a case. */
const gradientCase = (wrt: 'x' | 'filter'): LoweringCase => ({
  name: 'same, stride 2, multiplier 2',
  inputs: { ...inputs, dy: { shape: [2, 3, 3, 6] } },
  run: ({ x, filter, dy }) => {
    const f = (v: tf.Tensor): tf.Tensor => {
      const [image, kernel] = wrt === 'x' ? [v, filter!] : [x!, v];
      return tf.depthwiseConv2d(image as tf.Tensor4D, kernel as tf.Tensor4D, 2, 'same');
    };
    return tf.grad(f)(wrt === 'x' ? x! : filter!, dy);
  },
});

export const depthwiseConvolution: readonly Lowering[] = [
  lowering<{ x: Value; filter: Value }, WindowAttributes>('DepthwiseConv2dNative', depthwise, [
    plain('same', (x, w) => tf.depthwiseConv2d(x, w, 1, 'same')),
    plain('valid, stride 2', (x, w) => tf.depthwiseConv2d(x, w, 2, 'valid')),
    plain('dilated', (x, w) => tf.depthwiseConv2d(x, w, 1, 'same', 'NHWC', 2), false),
    {
      name: 'separable',
      inputs: { ...inputs, pointwise: { shape: [1, 1, 6, 4] } },
      run: ({ x, filter, pointwise }) =>
        tf.separableConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, pointwise as tf.Tensor4D, 2, 'same'),
      gradient: true,
    },
  ]),
  lowering<{ x: Value; filter: Value } & Epilogue, WindowAttributes & FusedAttributes>(
    'FusedDepthwiseConv2D',
    depthwise,
    [
      {
        name: 'bias and relu6',
        inputs: {
          x: lattice(inputs.x.shape, 5, 0.5),
          filter: lattice(inputs.filter.shape, 7, 0.5),
          bias: { shape: [6], values: [0.1, -0.1, 0.1, -0.1, 0.1, -0.1] },
        },
        run: ({ x, filter, bias }) =>
          tf.fused.depthwiseConv2d({
            x: x as tf.Tensor4D,
            filter: filter as tf.Tensor4D,
            strides: 1,
            pad: 'same',
            bias: bias!,
            activation: 'relu6',
          }),
        gradient: true,
      },
    ],
  ),
  lowering<{ dy: Value; filter: Value }, WindowAttributes & { inputShape: number[] }>(
    'DepthwiseConv2dNativeBackpropInput',
    inputGradient,
    [gradientCase('x')],
  ),
  lowering<{ x: Value; dy: Value }, WindowAttributes & { filterShape: number[] }>(
    'DepthwiseConv2dNativeBackpropFilter',
    filterGradient,
    [gradientCase('filter')],
  ),
];
