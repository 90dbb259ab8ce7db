import { tf } from '@onnx-forge/export';
import { type GaussianParameters, gaussian, gaussianOf } from '../../objectives/gaussian.js';
import { logLikelihoodNormal } from '../../objectives/log-likelihood-normal.js';
import type { TwoLayerNetworks } from '../../objectives/two-layer-loss.js';
import { repeatRows } from '../../objectives/variational.js';
import type { PosteriorDraws } from './graphs.js';

/** A model with two stochastic layers and the sizes of both. */
export interface TwoLayers extends TwoLayerNetworks {
  /** Size of z1, which makes the image. */
  readonly lower: number;
  /** Size of z2, whose prior is N(0, I). */
  readonly upper: number;
  /** q(z1|x): x [batch, pixels] -> [batch, lower]. */
  posterior(x: tf.Tensor): GaussianParameters;
}

/** Such a model as `latentGraphs` takes it. */
export interface TwoLayersAsOne {
  posterior(x: tf.Tensor): GaussianParameters;
  logits(u: tf.Tensor): tf.Tensor;
  draw(q: GaussianParameters, noise: tf.Tensor): PosteriorDraws;
}

/**
 * Two stochastic layers as one latent vector u = (z2, e), e = (z1 - mu(z2)) / sigma(z2) with p(z1|z2) = N(mu(z2), sigma(z2)^2):
 * whatever the networks, p(u) = N(0, I), and u makes the image (the non-centred form; Papaspiliopoulos, Roberts, Skold 2007).
 *
 * q(z1|x) q(z2|z1) is no diagonal Gaussian of u. `draw` samples it all the same, and knows its density. `posterior` is the Gaussian of u around
 * its mean path x -> E[z1] -> E[z2|E[z1]]: an approximation, from which q(z1|x) can be read back exactly, as `draw` does.
 */
export function twoLayersAsOne({ lower, upper, posterior, infer, generate, decode }: TwoLayers): TwoLayersAsOne {
  const halves = (u: tf.Tensor) => tf.split(u, [upper, lower], -1) as [tf.Tensor, tf.Tensor];
  const standardised = (z1: tf.Tensor, { mu, logVar }: GaussianParameters) => z1.sub(mu).mul(tf.exp(logVar.mul(-0.5)));

  return {
    posterior(x) {
      const q1 = posterior(x);
      const q2 = gaussian(infer(q1.mu));
      const p1 = gaussian(generate(q2.mu));
      return {
        mu: tf.concat([q2.mu, standardised(q1.mu, p1)], 1),
        logVar: tf.concat([q2.logVar, q1.logVar.sub(p1.logVar)], 1),
      };
    },
    logits(u) {
      const [z2, e] = halves(u);
      return decode(gaussian(generate(z2)).reparameterize(e));
    },
    draw({ mu, logVar }, noise) {
      const samples = noise.shape[1] as number;
      const [noise2, noise1] = halves(noise.reshape([-1, upper + lower]));
      const [mean2, meanE] = halves(mu);
      const p1 = gaussian(generate(mean2));
      const mean1 = repeatRows(p1.reparameterize(meanE), samples);
      const logVar1 = repeatRows(halves(logVar)[1].add(p1.logVar), samples);

      const q1 = gaussianOf(mean1, logVar1);
      const z1 = q1.reparameterize(noise1);
      const q2 = gaussian(infer(z1));
      const z2 = q2.reparameterize(noise2);
      const above = gaussian(generate(z2));
      // dz1 = sigma(z2) de: the density of e is that of z1 times sigma(z2).
      const logDensity = logLikelihoodNormal(q1, z1).add(logLikelihoodNormal(q2, z2)).add(above.logVar.sum(1).mul(0.5));
      return { z: tf.concat([z2, standardised(z1, above)], 1), logDensity };
    },
  };
}
