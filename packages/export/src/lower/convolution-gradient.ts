import type { Dialect } from '../graph/dialect.js';
import { formed } from '../graph/form.js';
import type { Value } from '../graph/value.js';
import { convolveTransposedBlocked } from '../idioms/blocked.js';
import { convolveTransposed, convolveTurned } from '../idioms/convolve.js';
import { filterGradientSite } from '../idioms/filter-gradient-forms.js';
import { transposedForm } from '../idioms/forms.js';
import { channelsFirst, channelsLast, filterFirst, fromChannelsFirst, layoutOf } from '../idioms/layout.js';
import { resize } from '../idioms/tiles.js';
import { correlateImage, coversImage, spreadImage } from '../idioms/whole-image.js';
import { convolutionWindow, type Window, type WindowAttributes } from '../idioms/window.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** tfjs refuses gradients of dilated convolutions, so its gradient kernels have no dilations. */
type GradientAttributes = Omit<WindowAttributes, 'dilations'>;

interface InputGradientAttributes extends GradientAttributes {
  readonly inputShape: readonly number[];
}

interface FilterGradientAttributes extends GradientAttributes {
  readonly filterShape: readonly number[];
}

/** tfjs accepts more positions in dy than windows fit, and reads those that do. */
function readWindows(dy: Value, { axes }: Window): Value {
  const after = axes.map(({ output }, i) => output - dy.shape[1 + i]!);
  return resize(
    dy,
    axes.map(() => 0),
    after,
  );
}

/** Also the forward pass of a transposed convolution. */
function inputGradient(
  { dy, filter }: { dy: Value; filter: Value },
  attrs: InputGradientAttributes,
  dialect: Dialect,
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = convolutionWindow(attrs.inputShape, filter.shape, layout, attrs);
  const read = readWindows(channelsLast(dy, layout), window);
  const form = transposedForm(window, dialect);
  if (form === 'standard' || form === 'turned') {
    const transposed = form === 'turned' ? convolveTurned : convolveTransposed;
    const dx = transposed(channelsFirst(read, 'channelsLast'), filterFirst(filter), window);
    return fromChannelsFirst(dx, layout);
  }
  const dx =
    form === 'product'
      ? spreadImage(read, filter, window)
      : convolveTransposedBlocked(read, filter, window, dialect.channelBlock!);
  return fromChannelsFirst(channelsFirst(dx, 'channelsLast'), layout);
}

function filterGradient(
  { x, dy }: { x: Value; dy: Value },
  attrs: FilterGradientAttributes,
  { forms }: Dialect,
): Value {
  const layout = layoutOf(attrs.dataFormat);
  const window = convolutionWindow(x.shape, attrs.filterShape, layout, attrs);
  const [image, gradient] = [channelsLast(x, layout), channelsLast(dy, layout)];
  if (coversImage(window)) return correlateImage(image, gradient, window);
  return formed(filterGradientSite(window), [image, gradient], forms);
}

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];

const transposed2d = (x: tf.Tensor, filter: tf.Tensor, shape: Shape4, pad: 'same' | 'valid' | number): tf.Tensor =>
  tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, shape, 2, pad);

export const convolutionGradient: readonly Lowering[] = [
  lowering<{ dy: Value; filter: Value }, InputGradientAttributes>('Conv2DBackpropInput', inputGradient, [
    {
      name: 'transposed, same',
      inputs: { x: { shape: [2, 3, 4, 3] }, filter: { shape: [4, 5, 2, 3] } },
      run: ({ x, filter }) => transposed2d(x!, filter!, [2, 6, 8, 2], 'same'),
      gradient: true,
    },
    {
      name: 'transposed, valid with a row to spare',
      inputs: { x: { shape: [2, 3, 4, 3] }, filter: { shape: [3, 3, 2, 3] } },
      run: ({ x, filter }) => transposed2d(x!, filter!, [2, 8, 10, 2], 'valid'),
      gradient: true,
    },
    {
      name: 'transposed, from one pixel',
      inputs: { x: { shape: [3, 1, 1, 5] }, filter: { shape: [4, 4, 2, 5] } },
      run: ({ x, filter }) => tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [3, 4, 4, 2], 1, 'valid'),
      gradient: true,
    },
  ]),
  lowering<{ x: Value; dy: Value }, FilterGradientAttributes>('Conv2DBackpropFilter', filterGradient, [
    {
      name: 'same, stride 2',
      inputs: { x: { shape: [2, 5, 6, 3] }, filter: { shape: [3, 4, 3, 2] }, dy: { shape: [2, 3, 3, 2] } },
      run: ({ x, filter, dy }) => {
        const f = (w: tf.Tensor): tf.Tensor => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same');
        return tf.grad(f)(filter!, dy);
      },
    },
  ]),
  lowering<{ dy: Value; filter: Value }, InputGradientAttributes>('Conv3DBackpropInputV2', inputGradient, [
    {
      name: 'transposed, same',
      inputs: { x: { shape: [1, 2, 3, 2, 3] }, filter: { shape: [3, 2, 3, 2, 3] } },
      run: ({ x, filter }) => {
        const shape: Shape5 = [1, 4, 6, 4, 2];
        return tf.conv3dTranspose(x as tf.Tensor5D, filter as tf.Tensor5D, shape, 2, 'same');
      },
    },
  ]),
  lowering<{ x: Value; dy: Value }, FilterGradientAttributes>('Conv3DBackpropFilterV2', filterGradient, [
    {
      name: 'valid',
      inputs: { x: { shape: [2, 4, 4, 5, 2] }, filter: { shape: [2, 2, 2, 2, 3] }, dy: { shape: [2, 3, 3, 4, 3] } },
      run: ({ x, filter, dy }) => {
        const f = (w: tf.Tensor): tf.Tensor => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'valid');
        return tf.grad(f)(filter!, dy);
      },
    },
  ]),
];
