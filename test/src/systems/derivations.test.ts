import { Random } from '@onnx-forge/infer';
import { gaussianOf, tf } from '@onnx-forge/train';
import { klGaussianGaussianAnalytic } from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree } from '../theory/agree.js';
import { type Distribution, expectation, kl, randomDistribution, sum } from '../theory/distributions.js';
import { joint, type LatentToy, logEvidence, posterior, randomLatentToy } from '../theory/latent-toy.js';
import { logNormal, type Normal } from '../theory/normal.js';
import { gaussianExpectation } from '../theory/quadrature.js';

/** A step of a derivation, as `docs/systems/000-eecs498-homework-3.md` numbers it. */
const TITLE = /^3\.[12] [a-h]: /;
const step = (title: string, check: () => void) => {
  if (!TITLE.test(title)) throw new Error(`'${title}' is no step`);
  it(title, check);
};

/** p(z|y), p(x|z,y) for one y, and any q(z|x,y): everything is conditioned on y alike, so that y needs no symbol here. */
interface Model {
  readonly toy: LatentToy;
  readonly x: number;
  readonly q: Distribution;
}

const random = new Random(31);
const MODELS: readonly Model[] = Array.from({ length: 20 }, (_, index) => ({
  toy: randomLatentToy(random, 5, 4),
  x: index % 4,
  q: randomDistribution(random, 5),
}));

describe('systems: EECS 498 homework 3, question 3.1, step by step', () => {
  const likelihood = ({ toy, x }: Model, z: number) => toy.decoder[z]![x]!;

  step('3.1 a: a constant is its own expectation', () => {
    for (const { toy, x, q } of MODELS)
      agree(
        'E_q log p(x|y)',
        expectation(q, () => logEvidence(toy, x)),
        logEvidence(toy, x),
        1e-12,
      );
  });

  step('3.1 b: Bayes: p(x|y) = p(x|z,y) p(z|y) / p(z|x,y), for every z', () => {
    for (const model of MODELS) {
      const { toy, x } = model;
      // The posterior of a table, by counting: its share of everything that gives this x.
      const total = sum(toy.prior.map((p, z) => p * likelihood(model, z)));
      for (const z of toy.prior.keys()) {
        const posteriorOfZ = (toy.prior[z]! * likelihood(model, z)) / total;
        const right = Math.log((likelihood(model, z) * toy.prior[z]!) / posteriorOfZ);
        agree(`z = ${z}`, right, logEvidence(toy, x), 1e-12);
      }
    }
  });

  step('3.1 c: q / q = 1 changes nothing, where q > 0', () => {
    for (const { toy, x, q } of MODELS) {
      const after = posterior(toy, x);
      const term = (z: number) => Math.log((joint(toy, x)[z]! / q[z]!) * (q[z]! / after[z]!));
      agree('E_q log of the product', expectation(q, term), logEvidence(toy, x), 1e-12);
    }
  });

  step('3.1 d: the logarithm of the product is a sum of three expectations', () => {
    for (const model of MODELS) {
      const { toy, x, q } = model;
      const after = posterior(toy, x);
      const first = expectation(q, (z) => Math.log(likelihood(model, z)));
      const second = expectation(q, (z) => Math.log(q[z]! / toy.prior[z]!));
      const third = expectation(q, (z) => Math.log(q[z]! / after[z]!));
      agree('first - second + third', first - second + third, logEvidence(toy, x), 1e-12);
    }
  });

  step('3.1 e: the second and the third are Kullback-Leibler divergences', () => {
    for (const model of MODELS) {
      const { toy, x, q } = model;
      // Cross-entropy minus entropy, the other way to write them.
      const entropy = -expectation(q, (z) => Math.log(q[z]!));
      const crossEntropy = (p: Distribution) => -expectation(q, (z) => Math.log(p[z]!));
      agree('to the prior', crossEntropy(toy.prior) - entropy, kl(q, toy.prior), 1e-12);
      agree('to the posterior', crossEntropy(posterior(toy, x)) - entropy, kl(q, posterior(toy, x)), 1e-12);
    }
  });

  step('3.1 f: a divergence is not negative, because log t <= t - 1', () => {
    for (let t = 0.01; t < 20; t *= 1.1) expect(Math.log(t)).to.be.at.most(t - 1 + 1e-15);
    for (const { toy, x, q } of MODELS) {
      const after = posterior(toy, x);
      // -KL = E_q log(p/q) <= E_q (p/q - 1) = 0.
      const upper = expectation(q, (z) => after[z]! / q[z]! - 1);
      agree('E_q (p/q - 1)', upper, 0, 1e-12);
      expect(-kl(q, after)).to.be.at.most(upper + 1e-12);
    }
  });

  step('3.1 g: so the bound is below log p(x|y), by KL(q, p(z|x,y)) and by nothing else', () => {
    for (const model of MODELS) {
      const { toy, x, q } = model;
      const bound = expectation(q, (z) => Math.log(likelihood(model, z))) - kl(q, toy.prior);
      expect(bound).to.be.below(logEvidence(toy, x));
      agree('gap', logEvidence(toy, x) - bound, kl(q, posterior(toy, x)), 1e-12);
    }
  });

  step('3.1 h: and equal to it exactly at q = p(z|x,y)', () => {
    for (const model of MODELS) {
      const { toy, x } = model;
      const q = posterior(toy, x);
      agree(
        'bound',
        expectation(q, (z) => Math.log(likelihood(model, z))) - kl(q, toy.prior),
        logEvidence(toy, x),
        1e-12,
      );
    }
  });
});

describe('systems: EECS 498 homework 3, question 3.2, step by step', () => {
  const STANDARD: Normal = { mean: 0, variance: 1 };
  const q: readonly [Normal, Normal] = [
    { mean: 0.7, variance: 0.4 },
    { mean: -1.3, variance: 2.5 },
  ];
  const logQ = (z: readonly [number, number]) => logNormal(z[0], q[0]) + logNormal(z[1], q[1]);
  const logP = (z: readonly [number, number]) => logNormal(z[0], STANDARD) + logNormal(z[1], STANDARD);
  /** E_q f over both dimensions. */
  const both = (f: (z: readonly [number, number]) => number) =>
    gaussianExpectation(
      (first) => gaussianExpectation((second) => f([first, second]), q[1].mean, q[1].variance),
      q[0].mean,
      q[0].variance,
    );
  const divergence = both((z) => logQ(z) - logP(z));

  step('3.2 a: the divergence is E_q log q - E_q log p', () => {
    agree('difference of two integrals', both(logQ) - both(logP), divergence, 1e-12);
  });

  step('3.2 b: independent dimensions: log q(z) is the sum of log q_j(z_j), and log p(z) too', () => {
    // The joint density with its covariance matrix, which is diagonal: -1/2 (log det(2 pi S) + (z - mu)' S^-1 (z - mu)).
    const point = [0.3, -2] as const;
    const [a, b] = q;
    const quadratic = (point[0] - a.mean) ** 2 / a.variance + (point[1] - b.mean) ** 2 / b.variance;
    const whole = -0.5 * (Math.log((2 * Math.PI) ** 2 * a.variance * b.variance) + quadratic);
    agree('log q', logQ(point), whole, 1e-12);
    agree('log p', logP(point), -0.5 * (Math.log((2 * Math.PI) ** 2) + point[0] ** 2 + point[1] ** 2), 1e-12);
  });

  step('3.2 c: the other dimensions integrate to one: E_q log q_j(z_j) needs z_j alone', () => {
    for (const [j, one] of q.entries()) {
      const alone = gaussianExpectation((z) => logNormal(z, one), one.mean, one.variance);
      agree(
        `E log q_${j}`,
        both((z) => logNormal(z[j]!, one)),
        alone,
        1e-12,
      );
      const prior = gaussianExpectation((z) => logNormal(z, STANDARD), one.mean, one.variance);
      agree(
        `E log p_${j}`,
        both((z) => logNormal(z[j]!, STANDARD)),
        prior,
        1e-12,
      );
    }
  });

  step('3.2 d: E (z - mu)^2 = s^2, so E log q_j = -1/2 log 2 pi - 1/2 log s^2 - 1/2', () => {
    for (const { mean, variance } of q) {
      agree(
        'E (z - mu)^2',
        gaussianExpectation((z) => (z - mean) ** 2, mean, variance),
        variance,
        1e-12,
      );
      const found = gaussianExpectation((z) => logNormal(z, { mean, variance }), mean, variance);
      agree('E log q', found, -0.5 * Math.log(2 * Math.PI) - 0.5 * Math.log(variance) - 0.5, 1e-12);
    }
  });

  step('3.2 e: E z^2 = s^2 + mu^2, so E log p_j = -1/2 log 2 pi - 1/2 (s^2 + mu^2)', () => {
    for (const { mean, variance } of q) {
      agree(
        'E z^2',
        gaussianExpectation((z) => z ** 2, mean, variance),
        variance + mean ** 2,
        1e-12,
      );
      const found = gaussianExpectation((z) => logNormal(z, STANDARD), mean, variance);
      agree('E log p', found, -0.5 * Math.log(2 * Math.PI) - 0.5 * (variance + mean ** 2), 1e-12);
    }
  });

  step('3.2 f: the difference, summed over j: -1/2 sum_j (1 + log s_j^2 - mu_j^2 - s_j^2)', () => {
    const formula = -0.5 * sum(q.map(({ mean, variance }) => 1 + Math.log(variance) - mean ** 2 - variance));
    agree('formula', formula, divergence, 1e-12);
    const row = (f: (normal: Normal) => number) => tf.tensor2d([q.map(f)]);
    const tensor = tf.tidy(() =>
      klGaussianGaussianAnalytic(
        gaussianOf(
          row(({ mean }) => mean),
          row(({ variance }) => Math.log(variance)),
        ),
      ),
    );
    agree('klGaussianGaussianAnalytic', tensor.dataSync()[0]!, divergence, 1e-6);
    tensor.dispose();
  });
});
