import { tf } from '../../tfjs.js';
import { extent, type WindowAxis } from './window.js';

/** Places where the window stands along an axis. */
const outputOf = (axis: WindowAxis, size: number): number =>
  Math.floor((size + axis.before + axis.after - extent(axis)) / axis.stride) + 1;

/**
 * Whether a convolution is better a product with patches of its images: where there are fewer places than filters, patches are
 * smaller than the weights, which the product takes, and whose gradient it gives, in the file's own order. A convolution wants
 * them in three other orders a step, each of which takes longer than the arithmetic: ten times as long for 512 filters
 * of 512 x 3 x 3 and 32 places.
 *
 * @param x images, channels first
 */
export function isBetterAsProduct(x: tf.Tensor, weights: tf.Tensor, axes: readonly WindowAxis[]): boolean {
  const [batch, , ...spatial] = x.shape as [number, number, ...number[]];
  const places = axes.reduce((count, axis, i) => count * outputOf(axis, spatial[i]!), batch);
  return places > 0 && places <= weights.shape[0]!;
}

/**
 * A convolution [n, out, h, w] of images [n, in, h, w] with weights [out, in, h, w] as one matrix product, which can be differentiated any
 * number of times, by strides and dilations too.
 */
export function convolveByPatches(
  x: tf.Tensor,
  weights: tf.Tensor,
  axes: readonly WindowAxis[],
  bias: tf.Tensor | undefined,
): tf.Tensor {
  const [batch, channels, ...spatial] = x.shape as [number, number, number, number];
  const [out] = weights.shape as [number];
  const [rows, columns] = axes as [WindowAxis, WindowAxis];
  const [height, width] = [outputOf(rows, spatial[0]), outputOf(columns, spatial[1])];
  const taps = rows.kernel * columns.kernel;
  const patches = tf.reshape(patchesOf(x, [rows, columns], [height, width]), [batch * height * width, channels * taps]);
  const product = tf.matMul(patches, tf.reshape(weights, [out, channels * taps]), false, true);
  const y = bias ? tf.add(product, bias) : product;
  return tf.transpose(tf.reshape(y, [batch, height, width, out]), [0, 3, 1, 2]);
}

/** [n, height, width, in, taps]. */
function patchesOf(
  x: tf.Tensor,
  axes: readonly [WindowAxis, WindowAxis],
  [height, width]: readonly [number, number],
): tf.Tensor {
  const [rows, columns] = axes;
  const [batch, channels, ...spatial] = x.shape as [number, number, number, number];
  // As many whole strides as the furthest tap reaches, so that a stride is an axis: tfjs can't differentiate strided slices.
  const coarse = axes.map(({ stride, ...axis }, i) => {
    const reach = ([height, width][i]! - 1) * stride + extent({ stride, ...axis });
    return Math.ceil(Math.max(reach, 1) / stride);
  }) as [number, number];
  const margins = axes.map(({ before, stride }, i): [number, number] => [
    Math.max(before, 0),
    Math.max(coarse[i]! * stride - spatial[i]! - before, 0),
  ]);
  const padded = margins.flat().some((n) => n > 0) ? tf.pad(x, [[0, 0], [0, 0], ...margins]) : x;
  // Negative padding cuts, and so do strides that leave pixels at the end.
  const begin = axes.map(({ before }) => Math.max(-before, 0));
  const size = axes.map(({ stride }, i) => coarse[i]! * stride);
  const cut =
    begin.some((n) => n > 0) || size.some((n, i) => n !== padded.shape[i + 2])
      ? tf.slice(padded, [0, 0, ...begin], [batch, channels, ...size])
      : padded;
  const phases = tf.reshape(cut, [batch, channels, coarse[0], rows.stride, coarse[1], columns.stride]);
  const taps: tf.Tensor[] = [];
  for (let i = 0; i < rows.kernel; i++) {
    for (let j = 0; j < columns.kernel; j++) {
      const [down, right] = [i * rows.dilation, j * columns.dilation];
      const from = [Math.floor(down / rows.stride), down % rows.stride];
      const at = [0, 0, ...from, Math.floor(right / columns.stride), right % columns.stride];
      const tap = tf.slice(phases, at, [batch, channels, height, 1, width, 1]);
      taps.push(tf.reshape(tap, [batch, channels, height * width]));
    }
  }
  const all = taps.length === 1 ? tf.expandDims(taps[0]!, 2) : tf.stack(taps, 2);
  return tf.transpose(all, [0, 3, 1, 2]);
}
