import { tf } from '@onnx-forge/export';
import { type GaussianParameters, gaussianOf } from './gaussian.js';
import { logLikelihoodNormal, logLikelihoodStandardNormal } from './log-likelihood-normal.js';
import { logMeanExp } from './log-mean-exp.js';
import { sumOverEvent } from './sum-over-event.js';

/** Inputs of importance weights under a N(0, I) prior. */
export interface ImportanceInput {
  /** The proposal q(z|x), [batch, dimensions]. */
  readonly q: GaussianParameters;
  /** Standard normal numbers, [batch, samples, dimensions]: z_k = mu + exp(logVar / 2) * noise_k. */
  readonly noise: tf.Tensor;
  /** log p(x|z_k) in nats: z [batch, samples, dimensions] -> [batch, samples]. */
  readonly logConditional: (z: tf.Tensor) => tf.Tensor;
}

/**
 * log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x) for z_k ~ q(z|x), in nats. log p(x) is estimated by their
 * {@link logMeanExp} over k (Burda et al. 2016, eq. 8; Rezende et al. 2014, appendix E). As (z - mu)^2 / exp(logVar) is
 * noise^2, log p(z) - log q(z|x) is 1/2 sum_d [noise_d^2 - z_d^2 + logVar_d].
 *
 * @returns [batch, samples]
 */
export function importanceLogWeights({ q, noise, logConditional }: ImportanceInput): tf.Tensor {
  return tf.tidy(() => {
    const proposal = gaussianOf(q.mu.expandDims(1), q.logVar.expandDims(1));
    const z = proposal.reparameterize(noise);
    const difference = sumOverEvent(noise.square().sub(z.square()), 2).add(sumOverEvent(proposal.logVar, 2));
    return logConditional(z).add(difference.mul(0.5));
  });
}

/**
 * log p(x|z) + log p(z) - log q(z|x), in nats, under a N(0, I) prior.
 *
 * @param q of each draw, [batch, 1 or samples, dimensions]
 * @param z [batch, samples, dimensions]
 * @param logConditional log p(x|z), [batch, samples]
 * @returns [batch, samples]
 */
export function logWeights({
  q,
  z,
  logConditional,
}: {
  readonly q: GaussianParameters;
  readonly z: tf.Tensor;
  readonly logConditional: tf.Tensor;
}): tf.Tensor {
  return tf.tidy(() => logConditional.add(logLikelihoodStandardNormal(z, 2)).sub(logLikelihoodNormal(q, z, 2)));
}

/**
 * Effective sample size of importance weights: 1 / sum_k w_k^2 with w normalised to sum 1; between 1 and K (Kong 1992).
 *
 * @param logWeights [..., K]
 * @returns [...]
 */
export function effectiveSampleSize(logWeights: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.reciprocal(tf.square(tf.softmax(logWeights, -1)).sum(-1)));
}

/**
 * The importance-weighted bound of Burda et al. 2016: the mean over the batch of logMeanExp over K log-weights, in nats.
 * K = 1 is the ELBO; the bound rises with K towards log p(x).
 *
 * @param logWeights [batch, K]
 */
export function iwaeBound(logWeights: tf.Tensor): tf.Scalar {
  return logMeanExp(logWeights).mean<tf.Scalar>();
}
