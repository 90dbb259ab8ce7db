import type { tf } from '@onnx-forge/export';

export type Pooling = 'max' | 'average';

/**
 * Pools each channel over all positions of a sequence, those outside it left out.
 *
 * @param values [batch, positions, channels]
 * @param inside [batch, positions]: 1 where a position counts, else 0; every row must have at least one 1
 * @returns [batch, channels]
 */
export function poolOverTime(values: tf.Tensor, inside: tf.Tensor, pooling: Pooling): tf.Tensor {
  const counts = inside.expandDims(2); // [batch, positions, 1]
  if (pooling === 'average') return values.mul(counts).sum(1).div(counts.sum(1));
  // What is outside lies below any value that a network computes, and leaves the others exactly as they are.
  return values.add(counts.sub(1).mul(1e30)).max(1);
}
