import type { StepRandom } from '@onnx-forge/export';
import { tf } from '@onnx-forge/export';
import type { Gaussian, GaussianParameters } from './gaussian.js';
import { logLikelihoodNormal } from './log-likelihood-normal.js';
import { sumOverEvent } from './sum-over-event.js';

/**
 * KL(q || p) between diagonal Gaussians in closed form, in nats per example:
 * 1/2 sum_d [logVarP - logVarQ - 1 + (exp(logVarQ) + (muQ - muP)^2) / exp(logVarP)].
 *
 * @param q [batch, dimensions]
 * @param p [batch, dimensions] (it may broadcast); without it N(0, I), the case of Kingma & Welling 2014, appendix B
 * @returns [batch]
 */
export function klGaussianGaussianAnalytic(q: GaussianParameters, p?: GaussianParameters): tf.Tensor {
  return tf.tidy(() => {
    if (p === undefined) {
      const perDimension = tf.square(q.mu).add(tf.exp(q.logVar)).sub(q.logVar).sub(1);
      return sumOverEvent(perDimension).mul(0.5);
    }
    const squared = tf.exp(q.logVar).add(tf.square(q.mu.sub(p.mu)));
    const perDimension = p.logVar
      .sub(q.logVar)
      .sub(1)
      .add(squared.mul(tf.exp(p.logVar.neg())));
    return sumOverEvent(perDimension).mul(0.5);
  });
}

/**
 * Monte-Carlo estimate of KL(q || p): the mean over samples z ~ q of log q(z) - log p(z), in nats per example.
 * Unbiased; it approaches {@link klGaussianGaussianAnalytic} as 1/sqrt(samples).
 *
 * @param q [batch, dimensions]
 * @param p [batch, dimensions]
 * @returns [batch]
 */
export function klGaussianGaussianMc(q: Gaussian, p: GaussianParameters, rng: StepRandom, samples = 1): tf.Tensor {
  return tf.tidy(() => {
    const wide = ({ mu, logVar }: GaussianParameters) => ({ mu: mu.expandDims(1), logVar: logVar.expandDims(1) });
    const [batch, dimensions] = q.mu.shape as [number, number];
    const noise = rng.normal([batch, samples, dimensions]);
    const z = noise.mul(tf.exp(q.logVar.mul(0.5)).expandDims(1)).add(q.mu.expandDims(1));
    return logLikelihoodNormal(wide(q), z, 2)
      .sub(logLikelihoodNormal(wide(p), z, 2))
      .mean(1);
  });
}
