import { Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import { agree } from './agree.js';
import {
  type Distribution,
  expectation,
  kl,
  normalize,
  randomDistribution,
  sum,
  totalVariation,
} from './distributions.js';
import { bound, joint, logEvidence, posterior, randomLatentToy, reconstruction } from './latent-toy.js';
import { logNormal, type Normal } from './normal.js';
import { derivative, gaussianExpectation } from './quadrature.js';
import { maximizeOnSimplex } from './simplex.js';

const LATENTS = 6;

describe('theory: the q that maximizes the bound', () => {
  it('CS446 1i: projected ascent reaches the posterior, where the bound is log p(x)', () => {
    const random = new Random(1);
    const toy = randomLatentToy(random, LATENTS, 3);
    for (let x = 0; x < 3; x++) {
      const found = maximizeOnSimplex((q) => bound(toy, x, q), randomDistribution(random, LATENTS));
      agree('bound at the maximum', bound(toy, x, found), logEvidence(toy, x), 1e-9);
      agree('distance from the posterior', totalVariation(found, posterior(toy, x)), 0, 1e-5);
    }
  });

  it('CS446 1i: the multiplier is log p(x) - 1', () => {
    const toy = randomLatentToy(new Random(2), LATENTS, 3);
    const q = posterior(toy, 0);
    for (let z = 0; z < LATENTS; z++) {
      // At the stationary point of the Lagrangian every dF/dq(z) equals lambda.
      const along = (value: number) =>
        bound(
          toy,
          0,
          q.map((p, other) => (other === z ? value : p)),
        );
      agree('dF/dq(z)', derivative(along, q[z]!), logEvidence(toy, 0) - 1, 1e-6);
    }
  });

  it('CS446 1j: of the four candidates only the posterior attains log p(x)', () => {
    const toy = randomLatentToy(new Random(3), LATENTS, 3);
    const likelihood = toy.decoder.map((row) => row[0]!);
    for (const notNormalized of [likelihood, joint(toy, 0)]) {
      expect(Math.abs(sum(notNormalized) - 1)).to.be.greaterThan(0.1);
    }
    agree('p(z|x)', bound(toy, 0, posterior(toy, 0)), logEvidence(toy, 0), 1e-12);
    for (const other of [toy.prior, normalize(likelihood)]) {
      expect(bound(toy, 0, other)).to.be.lessThan(logEvidence(toy, 0) - 1e-3);
    }
  });

  it('CS446 1f: q := prior falls short by KL(prior, posterior)', () => {
    const toy = randomLatentToy(new Random(4), LATENTS, 3);
    for (let x = 0; x < 3; x++) {
      const short = logEvidence(toy, x) - reconstruction(toy, x, toy.prior);
      agree('shortfall', short, kl(toy.prior, posterior(toy, x)), 1e-12);
      agree('KL(q || p(z))', reconstruction(toy, x, toy.prior) - bound(toy, x, toy.prior), 0, 1e-15);
    }
  });

  it('CS446 1f: with q := prior the best decoder ignores z', () => {
    // Data: x = 0 with probability 0.7. A decoder of two logits, one for each z; the bound with q = p(z) = (1/2, 1/2).
    const data: Distribution = [0.7, 0.3];
    const entropy = -expectation(data, (x) => Math.log(data[x]!));
    const blind = (decoder: readonly Distribution[]) =>
      expectation(data, (x) => bound({ prior: [0.5, 0.5], decoder }, x, [0.5, 0.5]));
    const first = maximizeOnSimplex((p) => blind([p, [0.5, 0.5]]), [0.1, 0.9]);
    const second = maximizeOnSimplex((p) => blind([[0.5, 0.5], p]), [0.9, 0.1]);
    agree('p(x=0|z=0)', first[0]!, 0.7, 1e-5);
    agree('p(x=0|z=1)', second[0]!, 0.7, 1e-5);
    agree('best bound', blind([first, second]), -entropy, 1e-9);
  });

  it('CS446 1b: two outputs leave a gap that four, a free diagonal covariance, close', () => {
    // x_d = z_d + noise of variance 1/2, z in R^2: the posterior is N(2 x / 3, I / 3).
    const x = [0.8, -1.5];
    const v = 1 / 3;
    const exact = sum(x.map((pixel) => logNormal(pixel, { mean: 0, variance: 1.5 })));
    const elbo = (q: readonly Normal[]) =>
      sum(
        q.map((one, d) => {
          const logWeight = (z: number) =>
            logNormal(x[d]!, { mean: z, variance: 0.5 }) + logNormal(z, { mean: 0, variance: 1 }) - logNormal(z, one);
          return gaussianExpectation(logWeight, one.mean, one.variance);
        }),
      );
    const identity = ascend((mu) => elbo(mu.map((mean) => ({ mean, variance: 1 }))), [0, 0]);
    const diagonal = ascend(
      (outputs) => elbo([0, 1].map((d) => ({ mean: outputs[d]!, variance: Math.exp(outputs[d + 2]!) }))),
      [0, 0, 0, 0],
    );
    agree('mu_1, two outputs', identity.at[0]!, (2 / 3) * 0.8, 1e-5);
    agree('gap, two outputs', exact - identity.value, 1 / v - 1 + Math.log(v), 1e-8);
    agree('gap, four outputs', exact - diagonal.value, 0, 1e-8);
    agree('variance, four outputs', Math.exp(diagonal.at[2]!), v, 1e-5);
  });
});

/** Plain gradient ascent with a numeric gradient. */
function ascend(f: (at: readonly number[]) => number, start: readonly number[]): { at: number[]; value: number } {
  let at = [...start];
  for (let iteration = 0; iteration < 100; iteration++) {
    const slope = at.map((_, i) => derivative((value) => f(at.map((other, j) => (j === i ? value : other))), at[i]!));
    at = at.map((value, i) => value + 0.3 * slope[i]!);
  }
  return { at, value: f(at) };
}
