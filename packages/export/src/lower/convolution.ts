import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import { convolveBlocked } from '../idioms/blocked.js';
import { convolve } from '../idioms/convolve.js';
import { convolutionForm } from '../idioms/forms.js';
import { overFree } from '../idioms/free-window.js';
import { channelsFirst, filterFirst, fromChannelsFirst, layoutOf } from '../idioms/layout.js';
import { convolveImage } from '../idioms/whole-image.js';
import { convolutionWindow, type WindowAttributes } from '../idioms/window.js';
import { tf } from '../tfjs.js';
import type { FusedAttributes } from './activation.js';
import { alignTo, type Epilogue, withEpilogue } from './epilogue.js';
import { type CaseInput, type Lowering, type LoweringCase, lattice, lowering } from './lowering.js';

interface Convolved {
  readonly x: Value;
  readonly filter: Value;
}

function fused(
  { x, filter, ...epilogue }: Convolved & Epilogue,
  attrs: WindowAttributes & FusedAttributes,
  dialect: Dialect,
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = overFree(convolutionWindow(x.shape, filter.shape, layout, attrs), x, attrs);
  const form = layout === 'channelsLast' ? convolutionForm(window, dialect) : 'standard';
  const result = withEpilogue(
    epilogue,
    attrs,
    window.outChannels,
    form === 'standard' ? alignTo(layout) : (value) => value,
    (bias) => {
      if (form === 'product') return convolveImage(x, filter, window, bias);
      if (form === 'blocked') return convolveBlocked(x, filter, window, dialect.channelBlock!, bias);
      return convolve(channelsFirst(x, layout), filterFirst(filter), window, 1, bias);
    },
  );
  return form === 'standard' ? fromChannelsFirst(result, layout) : result;
}

const image = { shape: [2, 7, 6, 3] };
const manyChannels = { shape: [2, 5, 6, 16] };
const filter = { shape: [3, 2, 3, 4] };

type Convolve = (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.Tensor;

const plain = (name: string, f: Convolve, gradient = true, shapes = [image, filter]): LoweringCase => ({
  name,
  inputs: { x: shapes[0]!, filter: shapes[1]! },
  run: ({ x, filter }) => f(x as tf.Tensor4D, filter as tf.Tensor4D),
  gradient,
});

const cases: readonly LoweringCase[] = [
  plain('same', (x, w) => tf.conv2d(x, w, 1, 'same')),
  plain('valid, strides with rows left over', (x, w) => tf.conv2d(x, w, [3, 2], 'valid')),
  plain('same, stride 2', (x, w) => tf.conv2d(x, w, 2, 'same')),
  plain('stride beyond the kernel', (x, w) => tf.conv2d(x, w, 4, 'same')),
  plain('padded by a number', (x, w) => tf.conv2d(x, w, 2, 1)),
  plain('rounded up', (x, w) => tf.conv2d(x, w, 4, 1, 'NHWC', 1, 'ceil'), false),
  plain('explicit pads', (x, w) => {
    const pads: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [2, 1],
      [0, 3],
      [0, 0],
    ];
    return tf.conv2d(x, w, [2, 1], pads);
  }),
  plain('dilated', (x, w) => tf.conv2d(x, w, 1, 'same', 'NHWC', [2, 3]), false),
  plain('1x1', (x, w) => tf.conv2d(x, w, 1, 'valid'), true, [image, { shape: [1, 1, 3, 4] }]),
  plain('kernel as large as the image', (x, w) => tf.conv2d(x, w, 1, 'valid'), true, [image, { shape: [7, 6, 3, 4] }]),
  plain('many channels', (x, w) => tf.conv2d(x, w, 1, 'same'), true, [manyChannels, { shape: [4, 5, 16, 2] }]),
  plain('many channels, stride 2', (x, w) => tf.conv2d(x, w, 2, 'same'), true, [
    manyChannels,
    { shape: [3, 2, 16, 2] },
  ]),
  plain('many channels, stride 3', (x, w) => tf.conv2d(x, w, 3, 1), true, [manyChannels, { shape: [2, 4, 16, 2] }]),
  plain('NCHW', (x, w) => tf.conv2d(x, w, 2, 'same', 'NCHW'), true, [{ shape: [2, 3, 7, 6] }, filter]),
];

const conv1d: LoweringCase = {
  name: 'conv1d',
  inputs: { x: { shape: [2, 9, 3] }, filter: { shape: [4, 3, 5] } },
  run: ({ x, filter }) => tf.conv1d(x as tf.Tensor3D, filter as tf.Tensor3D, 2, 'same'),
  gradient: true,
};

const fusedCase = (
  name: string,
  activation: 'relu' | 'elu' | 'sigmoid' | 'leakyrelu' | 'prelu',
  extra: { bias?: number[]; alpha?: number[]; dataFormat?: 'NHWC' | 'NCHW' },
): LoweringCase => {
  const { bias, alpha, dataFormat = 'NHWC' } = extra;
  return {
    name,
    inputs: {
      x: dataFormat === 'NHWC' ? image : { shape: [2, 3, 7, 6] },
      filter,
      ...(bias && { bias: { shape: bias } }),
      ...(alpha && { alpha: { shape: alpha } }),
    },
    run: ({ x, filter, bias, alpha }) =>
      tf.fused.conv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: 'same',
        dataFormat,
        activation,
        leakyreluAlpha: 0.1,
        ...(bias && { bias }),
        ...(alpha && { preluActivationWeights: alpha }),
      }),
  };
};

const offKink: CaseInput = { shape: [4], values: [0.1, -0.1, 0.1, -0.1] };

export const convolution: readonly Lowering[] = [
  lowering<Convolved, WindowAttributes>('Conv2D', fused, [...cases, conv1d]),
  lowering<Convolved & Epilogue, WindowAttributes & FusedAttributes>('FusedConv2D', fused, [
    {
      // Sums of products are multiples of 0.25: the bias keeps them away from the kink.
      ...fusedCase('bias and relu', 'relu', { bias: [4] }),
      inputs: { x: lattice(image.shape, 5, 0.5), filter: lattice(filter.shape, 7, 0.5), bias: offKink },
      gradient: true,
    },
    fusedCase('scalar bias and elu', 'elu', { bias: [] }),
    fusedCase('leakyrelu, no bias', 'leakyrelu', {}),
    fusedCase('prelu by channel', 'prelu', { bias: [4], alpha: [4] }),
    fusedCase('prelu by position', 'prelu', { bias: [7, 6, 4], alpha: [7, 6, 4] }),
    fusedCase('NCHW', 'prelu', { bias: [4], alpha: [4], dataFormat: 'NCHW' }),
  ]),
  lowering<Convolved, WindowAttributes>('Conv3D', fused, [
    {
      name: 'same, stride 2',
      inputs: { x: { shape: [2, 5, 4, 6, 2] }, filter: { shape: [3, 2, 3, 2, 3] } },
      run: ({ x, filter }) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 2, 'same'),
      gradient: true,
    },
    {
      name: 'valid',
      inputs: { x: { shape: [1, 4, 4, 5, 2] }, filter: { shape: [2, 2, 2, 2, 3] } },
      run: ({ x, filter }) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, [1, 2, 3], 'valid'),
      gradient: true,
    },
    {
      name: 'many channels, stride 2',
      inputs: { x: { shape: [1, 3, 4, 5, 16] }, filter: { shape: [3, 2, 3, 16, 2] } },
      run: ({ x, filter }) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 2, 'same'),
      gradient: true,
    },
    {
      name: 'dilated',
      inputs: { x: { shape: [1, 4, 4, 5, 2] }, filter: { shape: [2, 2, 2, 2, 3] } },
      run: ({ x, filter }) => tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, 1, 'valid', 'NDHWC', 2),
    },
  ]),
];
