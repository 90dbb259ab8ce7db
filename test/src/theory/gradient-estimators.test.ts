import { tf } from '@onnx-forge/export';
import { gaussianOf, logLikelihoodNormal, stopGradient } from '@onnx-forge/train';
import {
  elbo,
  type Gaussian,
  klGaussianGaussianAnalytic,
  logLikelihoodBernoulliFromLogits,
  logLikelihoodStandardNormal,
} from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree } from './agree.js';
import { logBernoulli, logNormal, sigmoid } from './normal.js';
import { derivative, gaussianExpectation } from './quadrature.js';
import { summarize } from './statistics.js';
import { drawing, read, useTensors } from './tensors.js';

const DRAWS = 10_000;

/** One value per draw, from one q per draw (all alike) and one standard normal per draw and dimension. */
type Estimator = (q: Gaussian, noise: tf.Tensor) => tf.Tensor;

/** Draws of an estimator's value and of its gradients with respect to mu and logVar (first dimension). */
function measure(estimator: Estimator, { mu, logVar, dimensions = 1, seed = 1 }: Setting) {
  const noise = drawing(seed).normal([DRAWS, dimensions]);
  const inputs = [tf.fill([DRAWS, dimensions], mu), tf.fill([DRAWS, dimensions], logVar)];
  const { value, grads } = tf.valueAndGrads((m, v) => estimator(gaussianOf(m!, v!), noise).sum())(inputs);
  value.dispose();
  const values = estimator(gaussianOf(inputs[0]!, inputs[1]!), noise);
  const first = (gradient: tf.Tensor) => summarize(read(gradient.slice([0, 0], [-1, 1])));
  return { value: summarize(read(values)), mu: first(grads[0]!), logVar: first(grads[1]!) };
}

interface Setting {
  readonly mu: number;
  readonly logVar: number;
  readonly dimensions?: number;
  readonly seed?: number;
}

/** Eq. 2 of CS446 HW5: log p(x|z) + log p(z) - log q(z|x), all by the one sample of z. */
function jointForm(logConditional: (z: tf.Tensor) => tf.Tensor): Estimator {
  return (q, noise) => {
    const z = q.reparameterize(noise);
    return logConditional(z).add(logLikelihoodStandardNormal(z)).sub(logLikelihoodNormal(q, z));
  };
}

describe('theory: estimators of the bound and of its gradient', () => {
  useTensors();

  describe('Eq. 1, with the KL in closed form, and Eq. 2, by sampling alone', () => {
    const [w, b, x] = [
      [2, -1.2, 0.8, 0.5],
      [0.1, 0, -0.6, 1],
      [1, 0, 1, 1],
    ];
    const decode = (z: tf.Tensor) => z.mul(tf.tensor1d(w!)).add(tf.tensor1d(b!));
    const eq1: Estimator = (q, noise) =>
      elbo({ x: tf.tensor2d([x!]), logits: decode(q.reparameterize(noise)), q }).elbo;
    const eq2 = jointForm((z) => logLikelihoodBernoulliFromLogits(decode(z), tf.tensor2d([x!])));
    const setting = { mu: 0.4, logVar: -0.3 };
    const bound = (mu: number, logVar: number) => {
      const q = { mean: mu, variance: Math.exp(logVar) };
      const logWeight = (z: number) =>
        logBernoulli(
          x!,
          w!.map((weight, m) => weight * z + b![m]!),
        ) +
        logNormal(z, { mean: 0, variance: 1 }) -
        logNormal(z, q);
      return gaussianExpectation(logWeight, q.mean, q.variance);
    };

    it('CS446 1e: both have the exact mean, value and gradient', () => {
      const slopeMu = derivative((mu) => bound(mu, setting.logVar), setting.mu);
      const slopeLogVar = derivative((logVar) => bound(setting.mu, logVar), setting.logVar);
      for (const [name, estimator] of [
        ['Eq. 1', eq1],
        ['Eq. 2', eq2],
      ] as const) {
        const { value, mu, logVar } = measure(estimator, setting);
        agree(`${name}, value`, value.mean, bound(setting.mu, setting.logVar), 3 * value.standardError);
        agree(`${name}, d/dmu`, mu.mean, slopeMu, 3 * mu.standardError);
        agree(`${name}, d/dlogVar`, logVar.mean, slopeLogVar, 3 * logVar.standardError);
      }
    });

    it('CS446 1e: the gradient of Eq. 1 varies less where the log-likelihood is concave in z', () => {
      const deviation = Math.exp(setting.logVar / 2);
      const z = (noise: number) => setting.mu + deviation * noise;
      const slope = (at: number) =>
        w!.reduce((total, weight, m) => total + weight * (x![m]! - sigmoid(weight * at + b![m]!)), 0);
      const ratio = (
        chain: (noise: number) => number, // chain: dz/dmu or dz/dlogVar
      ) => variance((e) => (slope(z(e)) - z(e)) * chain(e)) / variance((e) => slope(z(e)) * chain(e));
      const [first, second] = [measure(eq1, setting), measure(eq2, setting)];
      const expected = { mu: ratio(() => 1), logVar: ratio((noise) => (deviation * noise) / 2) };
      agree('variance ratio, d/dmu', second.mu.variance / first.mu.variance, expected.mu, 0.05 * expected.mu);
      const measured = second.logVar.variance / first.logVar.variance;
      agree('variance ratio, d/dlogVar', measured, expected.logVar, 0.05 * expected.logVar);
      expect(Math.min(expected.mu, expected.logVar)).to.be.greaterThan(1.3);
    });
  });

  describe('the same in a linear-Gaussian model, x = z + noise of variance s2', () => {
    const [s2, observed] = [0.5, 1.4];
    const setting = { mu: observed / (1 + s2), logVar: Math.log(s2 / (1 + s2)) }; // q = the exact posterior
    const spread = Math.exp(setting.logVar);
    const logConditional = (z: tf.Tensor) =>
      logLikelihoodNormal({ mu: z, logVar: tf.scalar(Math.log(s2)) }, tf.scalar(observed));
    const eq1: Estimator = (q, noise) => logConditional(q.reparameterize(noise)).sub(klGaussianGaussianAnalytic(q));
    const eq2 = jointForm(logConditional);
    const stopped: Estimator = (q, noise) => {
      const z = q.reparameterize(noise);
      const fixed = gaussianOf(stopGradient(q.mu), stopGradient(q.logVar));
      return logConditional(z).add(logLikelihoodStandardNormal(z)).sub(logLikelihoodNormal(fixed, z));
    };

    it('CS446 1e: gradient variances of a linear-Gaussian model', () => {
      const expected = { eq1: spread / s2 ** 2, eq2: (1 / s2 + 1) ** 2 * spread };
      agree('Eq. 1', measure(eq1, setting).mu.variance, expected.eq1, 0.04 * expected.eq1);
      agree('Eq. 2', measure(eq2, setting).mu.variance, expected.eq2, 0.04 * expected.eq2);
    });

    it('CS446 1e: at the posterior the value of Eq. 2 does not vary, that of Eq. 1 does', () => {
      const exact = logNormal(observed, { mean: 0, variance: 1 + s2 });
      const second = measure(eq2, setting).value;
      agree('Eq. 2, mean', second.mean, exact, 1e-5);
      agree('Eq. 2, standard deviation', Math.sqrt(second.variance), 0, 1e-5);
      const residual = observed - setting.mu;
      const expected = (spread ** 2 / 2 + residual ** 2 * spread) / s2 ** 2; // Var of -(residual - e)^2 / (2 s2)
      agree('Eq. 1, variance', measure(eq1, setting).value.variance, expected, 0.05 * expected);
    });

    it('CS446 1e: at the posterior the gradient of Eq. 2 through z alone does not vary', () => {
      const { mu, logVar } = measure(stopped, setting);
      agree('d/dmu, mean', mu.mean, 0, 1e-5);
      agree('d/dmu, standard deviation', Math.sqrt(mu.variance), 0, 1e-5);
      agree('d/dlogVar, standard deviation', Math.sqrt(logVar.variance), 0, 1e-5);
    });
  });

  describe('gradients of E_q log p(x|z) with respect to q', () => {
    const [s2, observed] = [0.5, 1.4];
    const setting = { mu: 0.2, logVar: -0.8 };
    const spread = Math.exp(setting.logVar);
    const logConditional = (z: tf.Tensor) =>
      logLikelihoodNormal({ mu: z, logVar: tf.scalar(Math.log(s2)) }, tf.scalar(observed));
    const reparameterized: Estimator = (q, noise) => logConditional(q.reparameterize(noise));
    // d/dphi of f(z) log q(z), both z and f(z) held: its mean is the gradient, by q' = q (log q)'.
    const scoreFunction: Estimator = (q, noise) => {
      const z = stopGradient(q.reparameterize(noise));
      return stopGradient(logConditional(z)).mul(logLikelihoodNormal(q, z));
    };
    const perDimension = (noise: number) =>
      logNormal(observed, { mean: setting.mu + Math.sqrt(spread) * noise, variance: s2 });

    it('MVA Q8: a sample taken as data lets no gradient through', () => {
      const detached: Estimator = (q, noise) => logConditional(stopGradient(q.reparameterize(noise)));
      const { mu, logVar } = measure(detached, setting);
      agree('d/dmu', mu.mean, 0, 0);
      agree('d/dlogVar', logVar.mean, 0, 0);
      expect((observed - setting.mu) / s2, 'the true d/dmu').to.be.greaterThan(1);
    });

    it('MVA Q8: reparameterisation and score function have the exact mean', () => {
      const exact = { mu: (observed - setting.mu) / s2, logVar: -spread / (2 * s2) };
      for (const [name, estimator] of [
        ['reparameterisation', reparameterized],
        ['score function', scoreFunction],
      ] as const) {
        const { mu, logVar } = measure(estimator, setting);
        agree(`${name}, d/dmu`, mu.mean, exact.mu, 3 * mu.standardError);
        agree(`${name}, d/dlogVar`, logVar.mean, exact.logVar, 3 * logVar.standardError);
      }
    });

    it('MVA Q8: the variance ratio grows with dim z, as by quadrature', () => {
      const ratios = [1, 3, 9].map((dimensions) => {
        const [score, path] = [scoreFunction, reparameterized].map((estimator) =>
          measure(estimator, { ...setting, dimensions, seed: 7 }),
        );
        const ratio = score!.mu.variance / path!.mu.variance;
        const expected = scoreVariance(perDimension, dimensions) / spread / (spread / s2 ** 2);
        agree(`variance ratio, ${dimensions} dimensions`, ratio, expected, 0.1 * expected);
        return ratio;
      });
      expect(ratios[0]).to.be.greaterThan(10);
      expect(ratios[1]).to.be.greaterThan(3 * ratios[0]!);
      expect(ratios[2]).to.be.greaterThan(3 * ratios[1]!);
    });
  });
});

/** Variance of f(noise), noise ~ N(0, 1). */
function variance(f: (noise: number) => number): number {
  return gaussianExpectation((noise) => f(noise) ** 2) - gaussianExpectation(f) ** 2;
}

/**
 * Variance of (sum_d f(noise_d)) noise_1, from the one-dimensional moments of f: divided by the standard deviation of q,
 * that product is the score-function gradient with respect to mu_1.
 */
function scoreVariance(f: (noise: number) => number, dimensions: number): number {
  const rest = dimensions - 1;
  const mean = gaussianExpectation(f);
  const square = gaussianExpectation((e) => f(e) ** 2);
  const first = gaussianExpectation((e) => f(e) * e);
  const weighted = gaussianExpectation((e) => f(e) * e * e);
  const squareWeighted = gaussianExpectation((e) => (f(e) * e) ** 2);
  const restSquare = rest * square + rest * (rest - 1) * mean ** 2;
  return squareWeighted + 2 * weighted * rest * mean + restSquare - first ** 2;
}
