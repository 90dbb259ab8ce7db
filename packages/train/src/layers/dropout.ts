import { type StepRandom, tf } from '@onnx-forge/export';

/**
 * Dropout (Srivastava et al. 2014): every element is set to 0 with probability `rate`, and the others are divided by
 * 1 - rate. For steps only: an inference graph leaves it out. The mask comes from the step's randomness; a
 * `tf.layers.dropout` draws from a generator of its own, so a compiled step would repeat the same mask.
 *
 * @param x any shape
 */
export function dropout(x: tf.Tensor, rate: number, rng: StepRandom): tf.Tensor {
  return tf.tidy(() => {
    const kept = rng.uniform(x.shape, 0, 1).greaterEqual(rate).toFloat();
    return x.mul(kept.div(1 - rate));
  });
}
