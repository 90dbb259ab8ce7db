import { tf } from '@onnx-forge/export';
import { gaussianOf, logLikelihoodNormal } from '@onnx-forge/train';
import { effectiveSampleSize, type Gaussian, importanceLogWeights, logMeanExp } from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree, between } from './agree.js';
import { sum } from './distributions.js';
import { logNormal, sigmoid } from './normal.js';
import { gaussianExpectation } from './quadrature.js';
import { summarize } from './statistics.js';
import { drawing, read, useTensors } from './tensors.js';

/*
 * x = z + noise, z ~ N(0, I), noise ~ N(0, I), as many pixels as latent dimensions: log p(x) = log N(x; 0, 2 I), and
 * p(z|x) = N(x / 2, I / 2). The x is a typical one, each x_d of size sqrt(2).
 */
const PIXEL = Math.SQRT2;
const POSTERIOR_VARIANCE = 1 / 2;

const exactLogEvidence = (dimensions: number) => dimensions * logNormal(PIXEL, { mean: 0, variance: 2 });

/** Log-weights of `samples` draws for each of `repeats` independent estimates, [repeats, samples]. */
function logWeights(proposal: Proposal, { dimensions, samples, repeats = 1, seed = 1 }: Size): tf.Tensor {
  const shape = [repeats, dimensions];
  const x = tf.fill([1, 1, dimensions], PIXEL);
  const logConditional = (z: tf.Tensor) => logLikelihoodNormal({ mu: z, logVar: tf.scalar(0) }, x, 2);
  const noise = drawing(seed).normal([repeats, samples, dimensions]);
  return importanceLogWeights({ q: proposal(shape as [number, number]), noise, logConditional });
}

interface Size {
  readonly dimensions: number;
  readonly samples: number;
  readonly repeats?: number;
  readonly seed?: number;
}

type Proposal = (shape: [number, number]) => Gaussian;

const prior: Proposal = (shape) => gaussianOf(tf.zeros(shape), tf.zeros(shape));

/** The posterior's mean and `widening` times its variance. */
const encoder =
  (widening: number): Proposal =>
  (shape) =>
    gaussianOf(tf.fill(shape, PIXEL / 2), tf.fill(shape, Math.log(widening * POSTERIOR_VARIANCE)));

/** log of E w^2 / (E w)^2 for one dimension, by quadrature; K / ESS tends to its exponential. */
function logWeightGrowth(mean: number, variance: number): number {
  const logWeight = (z: number) =>
    logNormal(PIXEL, { mean: z, variance: 1 }) +
    logNormal(z, { mean: 0, variance: 1 }) -
    logNormal(z, { mean, variance });
  const moment = (power: number) => gaussianExpectation((z) => Math.exp(power * logWeight(z)), mean, variance);
  return Math.log(moment(2)) - 2 * Math.log(moment(1));
}

describe('theory: Monte Carlo', () => {
  useTensors();

  describe('ancestral sampling, z ~ N(0, 1), then x ~ Bernoulli(f(z))', () => {
    const [w, b] = [
      [2, -1.5, 0.5],
      [0.3, -0.4, 1],
    ];
    const probability = (z: number, m: number) => sigmoid(w![m]! * z + b![m]!);
    const sampled = () => {
      const rng = drawing(1);
      const z = rng.normal([10_000, 1]);
      const means = tf.sigmoid(z.mul(tf.tensor1d(w!)).add(tf.tensor1d(b!)));
      return tf.cast(tf.less(rng.uniform(means.shape), means), 'float32');
    };
    const column = (x: tf.Tensor, m: number) => x.slice([0, m], [-1, 1]);

    it('MVA Q1: pixel means are E_p(z) f(z)', () => {
      const x = sampled();
      for (const m of [0, 1, 2]) {
        const { mean, standardError } = summarize(read(column(x, m)));
        agree(
          `pixel ${m}`,
          mean,
          gaussianExpectation((z) => probability(z, m)),
          3 * standardError,
        );
      }
    });

    it('MVA Q1: pixels depend on each other through z', () => {
      const x = sampled();
      const { mean, standardError } = summarize(read(column(x, 0).mul(column(x, 1))));
      const exact = gaussianExpectation((z) => probability(z, 0) * probability(z, 1));
      agree('E x_0 x_1', mean, exact, 3 * standardError);
      const independent = [0, 1].map((m) => gaussianExpectation((z) => probability(z, m)));
      expect(independent[0]! * independent[1]! - mean).to.be.greaterThan(10 * standardError);
    });
  });

  describe('the mean of p(x|z), z ~ p(z), and its logarithm', () => {
    const dimensions = 2;
    const repeats = 2000;
    const estimates = (samples: number) => logMeanExp(logWeights(prior, { dimensions, samples, repeats }));

    it('MVA Eq. 7: it is unbiased for p(x)', () => {
      for (const samples of [1, 4, 16]) {
        const { mean, standardError } = summarize(read(tf.exp(estimates(samples))));
        agree(`${samples} samples`, mean, Math.exp(exactLogEvidence(dimensions)), 3 * standardError);
      }
    });

    it('MVA Eq. 7: its logarithm is biased low for log p(x)', () => {
      const biases = [1, 4, 32].map((samples) => {
        const { mean, standardError } = summarize(read(estimates(samples)));
        return { mean: mean - exactLogEvidence(dimensions), standardError };
      });
      for (const { mean, standardError } of biases) expect(mean).to.be.lessThan(-4 * standardError);
      const [one, four, many] = biases as [(typeof biases)[0], (typeof biases)[0], (typeof biases)[0]];
      expect(four.mean).to.be.greaterThan(one.mean / 2);
      expect(many.mean).to.be.greaterThan(four.mean / 2);
      // One sample: E log p(x|z) - log p(x) = -KL(p(z) || p(z|x)).
      const exact =
        gaussianExpectation((z) => logNormal(PIXEL, { mean: z, variance: 1 })) * dimensions -
        exactLogEvidence(dimensions);
      agree('one sample', one.mean, exact, 3 * one.standardError);
      // Many samples: -Var(w) / (2 L (E w)^2).
      const relativeVariance = Math.exp(dimensions * logWeightGrowth(0, 1)) - 1;
      agree('32 samples', many.mean, -relativeVariance / (2 * 32), 3 * many.standardError);
    });
  });

  describe('sampling z from the prior is inefficient', () => {
    const samples = 10_000;
    const size = (proposal: Proposal, dimensions: number) =>
      read(effectiveSampleSize(logWeights(proposal, { dimensions, samples })))[0]!;

    it('MVA Q2: the effective sample size falls exponentially with dim z', () => {
      const growth = logWeightGrowth(0, 1);
      agree('c', growth, 0.5 * Math.log(4 / 3) + 1 / 3, 1e-9);
      for (const dimensions of [1, 2, 4, 6]) {
        const rate = Math.log(samples / size(prior, dimensions)) / dimensions;
        agree(`log(K / ESS) / dim z, ${dimensions} dimensions`, rate, growth, 0.1 * growth);
      }
    });

    it('MVA Q2: in 12 dimensions not one draw of the prior in 100 counts', () => {
      between('ESS / K', size(prior, 12) / samples, 1 / samples, 0.01);
    });

    it('MVA Q2: it falls slowly for a q near the posterior, not at all for the posterior', () => {
      const growth = logWeightGrowth(PIXEL / 2, 2 * POSTERIOR_VARIANCE);
      agree('c of a q with twice the variance', growth, Math.log(2 / Math.sqrt(3)), 1e-9);
      for (const dimensions of [1, 4, 12]) {
        const rate = Math.log(samples / size(encoder(2), dimensions)) / dimensions;
        agree(`log(K / ESS) / dim z, ${dimensions} dimensions`, rate, growth, 0.1 * growth);
        agree(`ESS of the posterior, ${dimensions} dimensions`, size(encoder(1), dimensions), samples, 1);
      }
    });

    it('MVA Q2: the error in log p(x) grows with dim z, less with q', () => {
      const error = (proposal: Proposal, dimensions: number) => {
        const estimates = read(logMeanExp(logWeights(proposal, { dimensions, samples: 200, repeats: 60, seed: 3 })));
        const squares = Array.from(estimates, (value) => (value - exactLogEvidence(dimensions)) ** 2);
        return Math.sqrt(sum(squares) / squares.length);
      };
      between('prior, 1 dimension', error(prior, 1), 0.02, 0.1);
      between('prior, 12 dimensions', error(prior, 12), 0.7, 3);
      between('q, 1 dimension', error(encoder(2), 1), 0.01, 0.06);
      between('q, 12 dimensions', error(encoder(2), 12), 0.03, 0.4);
      agree('the posterior, 12 dimensions: any one sample will do', error(encoder(1), 12), 0, 1e-4);
    });
  });
});
