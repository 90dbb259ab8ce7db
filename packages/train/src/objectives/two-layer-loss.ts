import { type StepRandom, tf } from '@onnx-forge/export';
import { doublyReparameterised } from './doubly-reparameterised.js';
import { type GaussianParameters, gaussian, gaussianOf } from './gaussian.js';
import { logLikelihoodBernoulliFromLogits } from './log-likelihood-bernoulli.js';
import { logLikelihoodNormal, logLikelihoodStandardNormal } from './log-likelihood-normal.js';
import { logMeanExp } from './log-mean-exp.js';
import { stopGradient } from './self-supervision.js';
import { stopWeights } from './stop-weights.js';
import { repeatRows, type VariationalObjective, type VariationalOptions } from './variational.js';

/** The networks of a model with two stochastic layers; outputs of twice the size are mu and logVar side by side. */
export interface TwoLayerNetworks {
  /** q(z2|z1): z1 [rows, lower] -> [rows, 2 * upper]. */
  infer(z1: tf.Tensor): tf.Tensor;
  /** p(z1|z2): z2 [rows, upper] -> [rows, 2 * lower]. */
  generate(z2: tf.Tensor): tf.Tensor;
  /** p(x|z1): z1 [rows, lower] -> logits [rows, pixels]. */
  decode(z1: tf.Tensor): tf.Tensor;
}

/** A model with two stochastic layers, z2 ~ N(0, I), z1 ~ p(z1|z2), x ~ p(x|z1), at a batch of examples. */
export interface TwoLayerInput extends TwoLayerNetworks {
  /** Data in [0, 1], [batch, pixels]. */
  readonly x: tf.Tensor;
  /** q(z1|x), [batch, lower]. */
  readonly q: GaussianParameters;
}

/** `variationalLoss`'s options but for `elbo`: the KL of two layers has no closed form. */
export interface TwoLayerOptions extends VariationalOptions {
  readonly objective: Exclude<VariationalObjective, 'elbo'>;
}

/**
 * Minus the bound that the options name, with K draws z1 ~ q(z1|x), z2 ~ q(z2|z1) (Burda et al. 2016, section 3) and
 *
 *     log w = log p(x|z1) + log p(z1|z2) + log p(z2) - log q(z1|x) - log q(z2|z1)
 *
 * the mean over the batch, in nats per example; beside it `reconstruction`, the mean of log p(x|z1), and `kl`, that less the
 * mean of log w. The doubly reparameterised gradient takes (z1, z2) as one draw: q(z2|z1) keeps its weights as constants, and
 * its gradient in z1.
 */
export function twoLayerLoss(
  { x, q, infer, generate, decode }: TwoLayerInput,
  rng: StepRandom,
  { objective, importanceSamples: draws }: TwoLayerOptions,
): { loss: tf.Scalar; reconstruction: tf.Scalar; kl: tf.Scalar } {
  const [batch, lower] = q.mu.shape as [number, number];
  const wide = gaussianOf(repeatRows(q.mu, draws), repeatRows(q.logVar, draws)); // [rows, lower], rows = batch * draws
  const double = doublyReparameterised();
  const isDouble = objective === 'dreg';

  const drawn1 = wide.sample(rng);
  const drawn2 = gaussian(infer(drawn1)).sample(rng); // [rows, upper]
  const upper = drawn2.shape[1] as number;
  const drawn = tf.concat([drawn1, drawn2], 1).reshape([batch, draws, lower + upper]);
  const z = (isDouble ? double.draws(drawn) : drawn).reshape([batch * draws, lower + upper]);
  const [z1, z2] = tf.split(z, [lower, upper], 1) as [tf.Tensor, tf.Tensor];

  const q1 = isDouble ? { mu: stopGradient(wide.mu), logVar: stopGradient(wide.logVar) } : wide;
  const q2 = gaussian(isDouble ? stopWeights(infer)(z1) : infer(z1));
  const logConditional = logLikelihoodBernoulliFromLogits(decode(z1), repeatRows(x, draws)); // [rows]
  const logPrior = logLikelihoodNormal(gaussian(generate(z2)), z1).add(logLikelihoodStandardNormal(z2));
  const logPosterior = logLikelihoodNormal(q1, z1).add(logLikelihoodNormal(q2, z2));
  const logWeights = logConditional.add(logPrior).sub(logPosterior).reshape([batch, draws]);

  const bound =
    objective === 'joint' ? logWeights.mean(1) : isDouble ? double.bound(logWeights) : logMeanExp(logWeights);
  const reconstruction = logConditional.mean<tf.Scalar>();
  return {
    loss: bound.mean<tf.Scalar>().neg(),
    reconstruction,
    kl: reconstruction.sub(logWeights.mean<tf.Scalar>()),
  };
}
