import type { StepRandom } from '@onnx-forge/export';
import { tf } from '@onnx-forge/export';

/** A Gaussian with diagonal covariance diag(exp(logVar)); both tensors [batch, dimensions]. */
export interface GaussianParameters {
  readonly mu: tf.Tensor;
  readonly logVar: tf.Tensor;
}

/** N(mu, diag(exp(logVar))), with samples that gradients flow through. */
export interface Gaussian extends GaussianParameters {
  /** mu + exp(logVar / 2) * noise: the reparameterisation of Kingma & Welling 2014, eq. 10. */
  reparameterize(noise: tf.Tensor): tf.Tensor;
  /** One reparameterised sample per example, [batch, dimensions]. */
  sample(rng: StepRandom): tf.Tensor;
}

/**
 * Read the output of a network as a Gaussian: the first half of the last axis is mu, the second half logVar.
 *
 * @param parameters [batch, 2 * dimensions]
 */
export function gaussian(parameters: tf.Tensor): Gaussian {
  const [mu, logVar] = tf.split(parameters, 2, -1) as [tf.Tensor, tf.Tensor];
  return gaussianOf(mu, logVar);
}

/** The Gaussian of a given mean and log-variance, each [batch, dimensions]. */
export function gaussianOf(mu: tf.Tensor, logVar: tf.Tensor): Gaussian {
  const reparameterize = (noise: tf.Tensor) => noise.mul(tf.exp(logVar.mul(0.5))).add(mu);
  return { mu, logVar, reparameterize, sample: (rng) => reparameterize(rng.normal(mu.shape)) };
}
