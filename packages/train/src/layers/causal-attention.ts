import { tf } from '@onnx-forge/export';

/** Sizes of the queries of an attention: `rows` are batch * length. */
export interface SequenceSize {
  readonly batch: number;
  readonly length: number;
}

/** Keys and values of the positions seen so far, each [batch, heads, positions, headDim]. */
export interface KeysAndValues {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

/** Output of an attention: [batch * length, width], and the keys and values of all positions so far. */
export interface Attended extends KeysAndValues {
  readonly x: tf.Tensor;
}

/** Keys and values of a fixed number of positions, of which some are still to come: see {@link attendFixed}. */
export interface FixedPast {
  /** [batch * heads * positions, headDim] each: a row is a head's at a position. */
  readonly past: KeysAndValues;
  readonly batch: number;
  readonly positions: number;
  /** Of the token, int32 []. */
  readonly position: tf.Tensor;
}

/** Addend of a score that must not count. Finite, because -Infinity - -Infinity is NaN. */
const MASKED = -1e9;

/**
 * Addends of the scores in causal self-attention: 0 where key <= query, a large negative number after it.
 * The mask of `longest` positions is cut, so that a graph may have any length up to it.
 *
 * @returns [length, length]
 */
export function causalMask(length: number, longest: number): tf.Tensor {
  const mask = new Float32Array(longest * longest);
  for (let query = 0; query < longest; query++) {
    mask.fill(MASKED, query * longest + query + 1, (query + 1) * longest);
  }
  return tf.tidy(() => tf.tensor2d(mask, [longest, longest]).slice([0, 0], [length, length]));
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017): softmax(q k' / sqrt(headDim) + mask) v.
 *
 * @param q [batch, heads, queries, headDim]
 * @param mask [queries, positions]; none where every query sees every position
 * @returns [batch, heads, queries, headDim]
 */
export function attend(q: tf.Tensor, { keys, values }: KeysAndValues, mask?: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const scores = tf.matMul(q.div(Math.sqrt(q.shape.at(-1)!)), keys, false, true);
    return tf.matMul(tf.softmax(mask ? scores.add(mask) : scores), values);
  });
}

/**
 * Queries, keys and values of all heads from one projection.
 *
 * @param projected [batch * length, 3 * width]
 * @returns each [batch, heads, length, width / heads]
 */
export function splitHeads(projected: tf.Tensor, { batch, length }: SequenceSize, heads: number): tf.Tensor[] {
  return tf.tidy(() => {
    const headDim = projected.shape[1]! / (3 * heads);
    const parts = projected.reshape([batch, length, 3, heads, headDim]).transpose([2, 0, 3, 1, 4]);
    return tf.unstack(parts);
  });
}

/**
 * Attention of one more token to those before it, whose keys and values have room for all positions: the same shapes at
 * every position, so that it can be in the step of a loop.
 *
 * @returns for the queries, keys and values [batch, 3 * width] of the token: [batch, width], and the past with its rows
 */
export function attendFixed({
  past,
  batch,
  positions,
  position,
}: FixedPast): (p: tf.Tensor, heads: number) => Attended {
  const numbers = tf.range(0, positions, 1, 'int32');
  const mask = tf.where(numbers.lessEqual(position), tf.scalar(0), tf.scalar(MASKED));
  return (projected, heads) =>
    tf.tidy(() => {
      const headDim = projected.shape[1]! / (3 * heads);
      const [q, k, v] = tf.split(projected, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const first = tf.range(0, batch * heads * positions, positions, 'int32');
      const places = first.add(position).expandDims(1) as tf.Tensor2D;
      const joined = (before: tf.Tensor, now: tf.Tensor): tf.Tensor =>
        tf.tensorScatterUpdate(before, places, now.reshape([batch * heads, headDim]));
      const [keys, values] = [joined(past.keys, k), joined(past.values, v)];
      const byHead = (x: tf.Tensor): tf.Tensor => x.reshape([batch, heads, -1, headDim]);
      const seen = { keys: byHead(keys), values: byHead(values) };
      return { x: attend(byHead(q), seen, mask).reshape([batch, heads * headDim]), keys, values };
    });
}

/** [batch, heads, length, headDim] -> [batch * length, heads * headDim]. */
export function joinHeads(x: tf.Tensor): tf.Tensor {
  const [batch, heads, length, headDim] = x.shape as [number, number, number, number];
  return tf.tidy(() => x.transpose([0, 2, 1, 3]).reshape([batch * length, heads * headDim]));
}
