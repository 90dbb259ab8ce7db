import type { tf } from '@onnx-forge/export';
import type { GaussianParameters } from './gaussian.js';
import { klGaussianGaussianAnalytic } from './kl-gaussian-gaussian.js';
import { logLikelihoodBernoulliFromLogits } from './log-likelihood-bernoulli.js';

/** Inputs of the evidence lower bound (ELBO) of a Bernoulli decoder. */
export interface ElboInput {
  /** Data in [0, 1], [batch, pixels]. */
  readonly x: tf.Tensor;
  /** Decoder output for one z ~ q(z|x) per example, [batch, pixels]. */
  readonly logits: tf.Tensor;
  /** The approximate posterior q(z|x), [batch, dimensions]. */
  readonly q: GaussianParameters;
}

/**
 * Evidence lower bound, one sample of z per example: log p(x|z) - KL(q(z|x) || N(0, I)), in nats per example.
 * Kingma & Welling 2014, eq. 10, with the KL in closed form.
 *
 * @returns elbo, reconstruction = log p(x|z), kl: each [batch]
 */
export function elbo({ x, logits, q }: ElboInput): { elbo: tf.Tensor; reconstruction: tf.Tensor; kl: tf.Tensor } {
  const reconstruction = logLikelihoodBernoulliFromLogits(logits, x);
  const kl = klGaussianGaussianAnalytic(q);
  return { elbo: reconstruction.sub(kl), reconstruction, kl };
}

/**
 * The VAE's loss, -ELBO, with its two terms; each the mean over the batch, in nats per example.
 * `reconstruction` is log p(x|z), so loss = kl - reconstruction.
 */
export function negativeElbo(input: ElboInput): { loss: tf.Scalar; reconstruction: tf.Scalar; kl: tf.Scalar } {
  const { reconstruction, kl } = elbo(input);
  const meanReconstruction = reconstruction.mean<tf.Scalar>();
  const meanKl = kl.mean<tf.Scalar>();
  return { loss: meanKl.sub(meanReconstruction), reconstruction: meanReconstruction, kl: meanKl };
}
