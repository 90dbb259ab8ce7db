import { tf } from '../../tfjs.js';
import type { Call } from '../call.js';
import { type Operator, operator } from './operator.js';
import { untaped } from './untaped.js';

/** Places along an axis of `n` elements, of numbers from -1 to 1. */
function placesOf(grid: tf.Tensor, n: number, corners: boolean): tf.Tensor {
  const from = tf.add(grid, 1);
  return corners ? tf.mul(from, (n - 1) / 2) : tf.sub(tf.mul(from, n / 2), 0.5);
}

/** Places beyond the ends are brought inside by the padding's rule; zeros stay outside. */
function inside(places: tf.Tensor, n: number, corners: boolean, padding: string): tf.Tensor {
  if (padding === 'zeros') return places;
  const [low, high] = corners ? [0, n - 1] : [-0.5, n - 0.5];
  if (padding === 'border' || high === low) return tf.clipByValue(places, 0, n - 1);
  // There and back: a wave of twice the length.
  const length = high - low;
  const along = tf.mod(tf.sub(places, low), 2 * length);
  const back = untaped(() => tf.cast(tf.greater(along, length), 'float32'));
  const folded = tf.add(tf.mul(along, tf.sub(1, tf.mul(2, back))), tf.mul(back, 2 * length));
  return tf.clipByValue(tf.add(folded, low), 0, n - 1);
}

interface Tap {
  /** Whole places. */
  readonly at: tf.Tensor;
  readonly weight: tf.Tensor;
}

/** The elements around a place, and their parts; those outside count nothing. */
function tapsOf(places: tf.Tensor, n: number, nearest: boolean): Tap[] {
  const counted = (at: tf.Tensor, weight: tf.Tensor): Tap => {
    const hit = untaped(() => tf.cast(tf.logicalAnd(tf.greaterEqual(at, 0), tf.lessEqual(at, n - 1)), 'float32'));
    return { at: untaped(() => tf.cast(tf.clipByValue(at, 0, n - 1), 'int32')), weight: tf.mul(weight, hit) };
  };
  if (nearest) {
    const at = untaped(() => tf.round(places));
    return [counted(at, tf.onesLike(at))];
  }
  const low = untaped(() => tf.floor(places));
  const part = tf.sub(places, low);
  return [counted(low, tf.sub(1, part)), counted(tf.add(low, 1), part)];
}

/** Images at places between their elements (Jaderberg et al. 2015); gradients flow to images and places. */
function gridSample(call: Call): tf.Tensor {
  const [x, grid] = [call.tensor(0), call.tensor(1)];
  const mode = call.text('mode', 'linear');
  const padding = call.text('padding_mode', 'zeros');
  const corners = call.int('align_corners', 0) === 1;
  if (x.rank !== 4) throw call.fault(`takes ${x.rank} dimensions; 4 are supported`);
  const linear = mode === 'linear' || mode === 'bilinear';
  if (!linear && mode !== 'nearest') throw call.fault(`samples by '${mode}', which is not supported`);
  if (!['zeros', 'border', 'reflection'].includes(padding)) throw call.fault(`has an unknown padding_mode, ${padding}`);
  const [batch, channels, h, w] = x.shape as [number, number, number, number];
  const [, rows, columns] = grid.shape as [number, number, number, number];
  const size = [batch, rows, columns];
  const along = (which: number, n: number): Tap[] => {
    const coordinate = tf.reshape(tf.slice(grid, [0, 0, 0, which], [...size, 1]), size);
    return tapsOf(inside(placesOf(coordinate, n, corners), n, corners, padding), n, !linear);
  };
  const [across, down] = [along(0, w), along(1, h)];
  const pixels = tf.reshape(tf.transpose(x, [0, 2, 3, 1]), [batch * h * w, channels]);
  const first = tf.reshape(tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(h * w, 'int32')), [batch, 1, 1]);
  const parts = down.flatMap(({ at: row, weight: upper }) =>
    across.map(({ at: column, weight }) => {
      const places = untaped(() => tf.add(tf.add(tf.mul(row, tf.scalar(w, 'int32')), column), first));
      const taken = tf.reshape(tf.gather(pixels, tf.reshape(places, [-1])), [...size, channels]);
      return tf.mul(taken, tf.expandDims(tf.mul(upper, weight), 3));
    }),
  );
  return tf.transpose(
    parts.reduce((a, b) => tf.add(a, b)),
    [0, 3, 1, 2],
  );
}

/** Images at places that are given. */
export const sampling: readonly Operator[] = [operator('GridSample', gridSample)];
