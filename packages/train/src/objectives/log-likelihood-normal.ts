import { tf } from '@onnx-forge/export';
import type { GaussianParameters } from './gaussian.js';
import { sumOverEvent } from './sum-over-event.js';

/**
 * log N(z; mu, diag(exp(logVar))) = -1/2 sum_d [log 2 pi + logVar_d + (z_d - mu_d)^2 / exp(logVar_d)], in nats per example.
 *
 * @param parameters mu and logVar, [batch, ...] (they may broadcast against z)
 * @param z [batch, ...]
 * @param batchAxes how many leading axes count examples; all others are summed over
 * @returns [batch]
 */
export function logLikelihoodNormal({ mu, logVar }: GaussianParameters, z: tf.Tensor, batchAxes = 1): tf.Tensor {
  return tf.tidy(() => {
    const squared = tf.square(z.sub(mu)).mul(tf.exp(logVar.neg()));
    return sumOverEvent(squared.add(logVar).add(Math.log(2 * Math.PI)), batchAxes).mul(-0.5);
  });
}

/**
 * log N(z; 0, I) = -1/2 sum_d [log 2 pi + z_d^2], in nats per example: the prior of a latent-variable model.
 *
 * @param z [batch, ...]
 * @param batchAxes how many leading axes count examples; all others are summed over
 * @returns [batch]
 */
export function logLikelihoodStandardNormal(z: tf.Tensor, batchAxes = 1): tf.Tensor {
  return tf.tidy(() => sumOverEvent(tf.square(z).add(Math.log(2 * Math.PI)), batchAxes).mul(-0.5));
}
