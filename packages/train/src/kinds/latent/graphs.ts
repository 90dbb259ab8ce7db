import { tf } from '@onnx-forge/export';
import { elbo } from '../../objectives/elbo.js';
import { type GaussianParameters, gaussianOf } from '../../objectives/gaussian.js';
import { importanceLogWeights } from '../../objectives/importance-weights.js';
import { logLikelihoodBernoulliFromLogits } from '../../objectives/log-likelihood-bernoulli.js';
import { logLikelihoodBernoulliSamples } from '../../objectives/log-likelihood-bernoulli-samples.js';
import { logLikelihoodStandardNormal } from '../../objectives/log-likelihood-normal.js';
import { repeatRows } from '../../objectives/variational.js';
import type { GraphCode, Tensors } from '../graph.js';

/** Draws of z from q(z|x,y), and how probable they are. */
export interface PosteriorDraws {
  /** [batch * samples, latentDim], the draws of an example one after the other. */
  readonly z: tf.Tensor;
  /** log q(z|x,y), [batch * samples]. */
  readonly logDensity: tf.Tensor;
}

/** A latent-variable model with prior N(0, I) and Bernoulli pixels; a conditional one is given a class y. */
export interface LatentNetworks {
  readonly latentDim: number;
  readonly pixels: number;
  /** q(z|x,y): x [batch, pixels], y [batch, classes] -> mu and logVar, each [batch, latentDim]. */
  posterior(x: tf.Tensor, y: tf.Tensor | undefined): GaussianParameters;
  /** p(x|z,y) = Bernoulli(sigmoid(logits)): z [rows, latentDim], y [rows, classes] -> [rows, pixels]. */
  logits(z: tf.Tensor, y: tf.Tensor | undefined): tf.Tensor;
  /**
   * Draws where q(z|x) is no diagonal Gaussian, and `posterior` only approximates it: what `posterior` returned, and noise
   * [batch, samples, latentDim]. For models without y. Default: mu + sigma * noise.
   */
  draw?(q: GaussianParameters, noise: tf.Tensor): PosteriorDraws;
}

/** The inputs of a graph; y is there when the model has one. */
type Inputs<Name extends string> = Tensors<Name> & { readonly y?: tf.Tensor };

/**
 * Code of the graphs of `latentModel` and `conditionalModel`. A conditional model's graphs all take y beside the inputs
 * named here, and every probability is given y:
 *
 * - encode: x -> mu, logVar
 * - decode: z -> mean, the pixels' probabilities
 * - elbo: x, noise -> elbo, reconstruction, kl, per example in nats
 * - logWeights: x, mu, logVar, noise [batch, samples, latentDim] -> log p(x|z) + log p(z) - log q(z|x), [batch, samples]
 * - logConditional: x, z [samples, latentDim] -> log p(x|z) for every pair, [batch, samples]
 * - logConditionalGradient: x, z [batch, latentDim] -> log p(x|z) of each x with its z, [batch], and its gradient in z
 */
export function latentGraphs({
  latentDim,
  pixels,
  posterior,
  logits,
  draw,
}: LatentNetworks): Record<string, GraphCode> {
  /** log p(x_n|z_nk,y_n): z [batch * samples, latentDim] -> [batch, samples]. */
  const pairwise = (x: tf.Tensor, z: tf.Tensor, y: tf.Tensor | undefined, samples: number): tf.Tensor => {
    const decoded = logits(z, y && repeatRows(y, samples)).reshape([-1, samples, pixels]);
    return logLikelihoodBernoulliSamples(decoded, x);
  };

  return {
    encode({ x, y }: Inputs<'x'>) {
      const { mu, logVar } = posterior(x, y);
      return { mu, logVar };
    },
    decode: ({ z, y }: Inputs<'z'>) => ({ mean: logits(z, y).sigmoid() }),
    elbo({ x, y, noise }: Inputs<'x' | 'noise'>) {
      const { mu, logVar } = posterior(x, y);
      if (draw) {
        const { z, logDensity } = draw({ mu, logVar }, noise.expandDims(1));
        const reconstruction = logLikelihoodBernoulliFromLogits(logits(z, undefined), x);
        const kl = logDensity.sub(logLikelihoodStandardNormal(z)); // of this draw: the mean has no closed form
        return { elbo: reconstruction.sub(kl), reconstruction, kl };
      }
      const q = gaussianOf(mu, logVar);
      return { ...elbo({ x, q, logits: logits(q.reparameterize(noise), y) }) };
    },
    logWeights({ x, y, mu, logVar, noise }: Inputs<'x' | 'mu' | 'logVar' | 'noise'>) {
      const samples = noise.shape[1] as number;
      if (draw) {
        const { z, logDensity } = draw({ mu, logVar }, noise);
        const logRatio = logLikelihoodStandardNormal(z).sub(logDensity).reshape([-1, samples]);
        return { logWeights: pairwise(x, z, undefined, samples).add(logRatio) };
      }
      const logConditional = (zs: tf.Tensor) => pairwise(x, zs.reshape([-1, latentDim]), y, samples);
      return { logWeights: importanceLogWeights({ q: { mu, logVar }, noise, logConditional }) };
    },
    logConditional({ x, y, z }: Inputs<'x' | 'z'>) {
      if (y !== undefined) {
        // Every z is decoded for every y.
        const [batch, samples] = [x.shape[0] as number, z.shape[0] as number];
        const all = z.expandDims(0).tile([batch, 1, 1]).reshape([-1, latentDim]);
        return { logProb: pairwise(x, all, y, samples) };
      }
      // sum_d x_d l_d - softplus(l_d) for all pairs: one matrix product, and softplus once per z rather than per pair.
      const decoded = logits(z, undefined);
      return { logProb: x.matMul(decoded, false, true).sub(decoded.softplus().sum(1)) };
    },
    logConditionalGradient({ x, y, z }: Inputs<'x' | 'z'>) {
      // Rows do not meet: the gradient of their sum, which tfjs gives for a value of several numbers, has each row's own.
      const { value, grad } = tf.valueAndGrad((at) => logLikelihoodBernoulliFromLogits(logits(at, y), x))(z);
      return { logProb: value, gradient: grad };
    },
  };
}
