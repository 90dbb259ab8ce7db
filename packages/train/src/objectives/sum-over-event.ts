import type { tf } from '@onnx-forge/export';

/**
 * Sum over the axes of one example ("event"): every axis but the first `batchAxes`.
 * A likelihood or a divergence is summed over dimensions first; the mean over the batch comes once, at the end.
 */
export function sumOverEvent(perDimension: tf.Tensor, batchAxes = 1): tf.Tensor {
  const axes = Array.from({ length: perDimension.rank - batchAxes }, (_, axis) => axis + batchAxes);
  return axes.length === 0 ? perDimension : perDimension.sum(axes);
}
