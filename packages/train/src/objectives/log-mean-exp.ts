import { tf } from '@onnx-forge/export';

/**
 * log((1/K) sum_k exp(y_k)) over the last axis, with the maximum taken out first so that nothing over- or underflows.
 * The 1/K is inside: leaving it out raises every estimate by log K.
 *
 * @param y [..., K]
 * @returns [...]
 */
export function logMeanExp(y: tf.Tensor): tf.Tensor {
  const samples = y.shape[y.rank - 1] as number;
  return tf.tidy(() => tf.logSumExp(y, -1).sub(Math.log(samples)));
}
