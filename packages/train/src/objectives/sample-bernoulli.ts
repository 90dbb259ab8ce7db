import type { StepRandom, tf } from '@onnx-forge/export';

/**
 * Independent draws from Bernoulli(p), 0 or 1 as float32. Grey images become new black and white ones in every step
 * (Burda et al. 2016); binary ones stay what they are, because a uniform lies in [0, 1).
 *
 * @param p in [0, 1], any shape
 */
export function sampleBernoulli(p: tf.Tensor, rng: StepRandom): tf.Tensor {
  return rng.uniform(p.shape).less(p).cast('float32');
}
