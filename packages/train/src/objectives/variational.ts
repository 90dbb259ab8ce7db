import { type StepRandom, tf } from '@onnx-forge/export';
import { count, type OptionSpec, oneOf } from '../options/option.js';
import { doublyReparameterised } from './doubly-reparameterised.js';
import { negativeElbo } from './elbo.js';
import { type Gaussian, gaussianOf } from './gaussian.js';
import { logWeights } from './importance-weights.js';
import { klGaussianGaussianAnalytic } from './kl-gaussian-gaussian.js';
import { logLikelihoodBernoulliFromLogits } from './log-likelihood-bernoulli.js';
import { logMeanExp } from './log-mean-exp.js';
import { stopGradient } from './self-supervision.js';

/**
 * The bounds on log p(x) that a VAE may be trained on, with K draws z_k ~ q(z|x) and
 * log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x):
 *
 * - elbo: mean_k log p(x|z_k) - KL(q(z|x) || N(0, I)), the KL in closed form (Kingma & Welling 2014, eq. 7)
 * - joint: mean_k log w_k, the same bound with the KL estimated too (their eq. 6)
 * - iwae: log mean_k w_k, tighter for K > 1 (Burda et al. 2016, eq. 8)
 * - dreg: the same bound by its doubly reparameterised gradient, which teaches the encoder more for large K: {@link doublyReparameterised}
 */
export type VariationalObjective = 'elbo' | 'joint' | 'iwae' | 'dreg';

export interface VariationalOptions {
  readonly objective: VariationalObjective;
  /** K, draws of z per example. */
  readonly importanceSamples: number;
}

/** The options of a recipe that is trained by {@link variationalLoss}. */
export function variationalOptions(objective: VariationalObjective = 'elbo'): {
  objective: OptionSpec<VariationalObjective>;
  importanceSamples: OptionSpec<number>;
} {
  return {
    objective: {
      ...oneOf<VariationalObjective>('elbo', 'joint', 'iwae', 'dreg'),
      default: objective,
      conflict: ({ objective: bound, importanceSamples }) =>
        (bound === 'iwae' || bound === 'dreg') && importanceSamples === 1
          ? `objective=${bound} with importanceSamples=1 is the ELBO: set importanceSamples=5 or more`
          : undefined,
    },
    importanceSamples: count(1),
  };
}

/** A latent-variable model with Bernoulli pixels, at a batch of examples. */
export interface VariationalInput {
  /** Data in [0, 1], [batch, pixels]. */
  readonly x: tf.Tensor;
  /** q(z|x), [batch, dimensions]. */
  readonly q: Gaussian;
  /** p(x|z): z [batch * K, dimensions], the K draws of an example one after the other -> logits [batch * K, pixels]. */
  decode(z: tf.Tensor): tf.Tensor;
}

/**
 * Minus the bound that the options name, the mean over the batch, in nats per example; beside it `reconstruction`, the
 * mean of log p(x|z), and `kl`, in closed form.
 */
export function variationalLoss(
  { x, q, decode }: VariationalInput,
  rng: StepRandom,
  { objective, importanceSamples: draws }: VariationalOptions,
): { loss: tf.Scalar; reconstruction: tf.Scalar; kl: tf.Scalar } {
  if (objective === 'elbo' && draws === 1) return negativeElbo({ x, q, logits: decode(q.sample(rng)) });
  const [batch, dimensions] = q.mu.shape as [number, number];
  const proposal = gaussianOf(q.mu.expandDims(1), q.logVar.expandDims(1));
  const drawn = proposal.reparameterize(rng.normal([batch, draws, dimensions]));
  const double = doublyReparameterised();
  const z = objective === 'dreg' ? double.draws(drawn) : drawn;
  const logits = decode(z.reshape([batch * draws, dimensions])).reshape([batch, draws, -1]);
  const logConditional = logLikelihoodBernoulliFromLogits(logits, x.expandDims(1), 2); // [batch, draws]
  const kl = klGaussianGaussianAnalytic(q);
  const bound = () => {
    if (objective === 'elbo') return logConditional.mean(1).sub(kl);
    if (objective === 'dreg') {
      const fixed = gaussianOf(stopGradient(proposal.mu), stopGradient(proposal.logVar));
      return double.bound(logWeights({ q: fixed, z, logConditional }));
    }
    const weights = logWeights({ q: proposal, z, logConditional });
    return objective === 'joint' ? weights.mean(1) : logMeanExp(weights);
  };
  return { loss: bound().mean<tf.Scalar>().neg(), reconstruction: logConditional.mean(), kl: kl.mean() };
}

/** Every row `times` times, one after the other: [rows, size] -> [rows * times, size]. What `VariationalInput.decode` needs beside z. */
export function repeatRows(rows: tf.Tensor, times: number): tf.Tensor {
  const size = rows.shape[1] as number;
  return tf.tidy(() => rows.expandDims(1).tile([1, times, 1]).reshape([-1, size]));
}
