import { Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import { agree } from './agree.js';
import { type Distribution, expectation, kl, normalize, randomDistribution, sum } from './distributions.js';
import { bound, joint, type LatentToy, logEvidence, posterior, randomLatentToy, reconstruction } from './latent-toy.js';
import { logNormal, sigmoid } from './normal.js';
import { gaussianExpectation } from './quadrature.js';

const LATENTS = 5;
const OUTCOMES = 4;

/** 25 random models, each with a random q and one x. */
function randomCases(seed: number): { toy: LatentToy; x: number; q: Distribution }[] {
  const random = new Random(seed);
  return Array.from({ length: 25 }, (_, index) => ({
    toy: randomLatentToy(random, LATENTS, OUTCOMES),
    x: index % OUTCOMES,
    q: randomDistribution(random, LATENTS),
  }));
}

describe('theory: the variational lower bound', () => {
  it('EECS 498 3.1: log p(x) = ELBO + KL(q, posterior), any q', () => {
    for (const { toy, x, q } of randomCases(1)) {
      agree('ELBO + KL', bound(toy, x, q) + kl(q, posterior(toy, x)), logEvidence(toy, x), 1e-10);
    }
  });

  it('EECS 498 3.1: the same given y, for every y', () => {
    const random = new Random(2);
    const conditions = Array.from({ length: 3 }, () => randomLatentToy(random, LATENTS, OUTCOMES));
    for (const given of conditions) {
      for (let x = 0; x < OUTCOMES; x++) {
        const q = randomDistribution(random, LATENTS);
        agree('ELBO + KL', bound(given, x, q) + kl(q, posterior(given, x)), logEvidence(given, x), 1e-10);
        expect(bound(given, x, q)).to.be.lessThan(logEvidence(given, x));
      }
    }
  });

  it('EECS 498 answer 3.1: its first line is off by log p(y)', () => {
    const random = new Random(3);
    const labels = randomDistribution(random, 3);
    for (const probability of labels) {
      const given = randomLatentToy(random, LATENTS, OUTCOMES);
      const scaled = { ...given, prior: given.prior.map((p) => p * probability) }; // p(z, y) = p(y) p(z|y)
      const q = randomDistribution(random, LATENTS);
      const asPrinted = expectation(q, () => logEvidence(scaled, 0));
      agree('E_q log p(x,y)', asPrinted, logEvidence(given, 0) + Math.log(probability), 1e-12);
      expect(asPrinted).to.be.lessThan(logEvidence(given, 0) - 0.1);
    }
  });

  it('MVA Q4: the bound is below log p(x), and equal to it at the posterior', () => {
    for (const { toy, x, q } of randomCases(4)) {
      const gap = logEvidence(toy, x) - bound(toy, x, q);
      expect(gap).to.be.greaterThan(1e-3);
      agree('ELBO at the posterior', bound(toy, x, posterior(toy, x)), logEvidence(toy, x), 1e-12);
    }
  });

  it('CS446 1c: E_q log w <= log E_q w = log p(x), w = p(x,z) / q(z)', () => {
    for (const { toy, x, q } of randomCases(5)) {
      const weight = (z: number) => joint(toy, x)[z]! / q[z]!;
      const [inside, outside] = [expectation(q, (z) => Math.log(weight(z))), Math.log(expectation(q, weight))];
      agree('log E_q w', outside, logEvidence(toy, x), 1e-12);
      agree('E_q log w', inside, bound(toy, x, q), 1e-12);
      expect(inside).to.be.lessThan(outside);
    }
  });

  it('MVA Eq. 13: as printed, and with q/q, it is p(x)', () => {
    for (const { toy, x, q } of randomCases(6)) {
      const { prior, decoder } = toy;
      const exact = Math.exp(logEvidence(toy, x));
      const asPrinted = expectation(prior, (z) => (q[z]! / posterior(toy, x)[z]!) * decoder[z]![x]!);
      const withQOverQ = expectation(q, (z) => (prior[z]! / q[z]!) * decoder[z]![x]!);
      agree('as printed', asPrinted, exact, 1e-12);
      agree('q/q', withQOverQ, exact, 1e-12);
    }
  });

  it('MVA Eq. 13: where q = 0 the mass of p(x,z) is lost', () => {
    const { toy, x } = randomCases(7)[0]!;
    const q = normalize(toy.prior.map((p, z) => (z === 0 ? 0 : p)));
    const estimate = expectation(q, (z) => joint(toy, x)[z]! / q[z]!);
    agree('E_q p(x,z)/q', estimate, Math.exp(logEvidence(toy, x)) - joint(toy, x)[0]!, 1e-12);
  });

  it('MVA Eq. 14: without the likelihood it is -KL(q, prior), no lower bound', () => {
    for (const { toy, x, q } of randomCases(8)) {
      const asPrinted = expectation(q, (z) => Math.log(toy.prior[z]! / q[z]!));
      agree('missing term', bound(toy, x, q) - asPrinted, reconstruction(toy, x, q), 1e-12);
      const atPrior = expectation(toy.prior, () => 0); // q = p(z): the printed expression is 0
      expect(atPrior).to.be.greaterThan(logEvidence(toy, x));
    }
  });

  it('MVA Eq. 17: with - KL it has no minimum; with + KL it is KL(q, posterior) - log p(x)', () => {
    const logPixel = (z: number) => Math.log(sigmoid(2 * z)); // x = 1, one pixel with logit 2 z
    const logEvidence = Math.log(gaussianExpectation((z) => sigmoid(2 * z)));
    const average = (mean: number, f: (z: number) => number) => gaussianExpectation(f, mean, 1); // q = N(mean, 1)
    const recon = (mean: number) => -average(mean, logPixel);
    const reg = (mean: number) => average(mean, (z) => logRatio(z, mean)); // KL(q || N(0, 1))
    const toPosterior = (mean: number) => average(mean, (z) => logRatio(z, mean) - logPixel(z) + logEvidence);
    for (const mean of [-2, -0.5, 0, 0.6, 3]) {
      agree('loss with + KL', recon(mean) + reg(mean), toPosterior(mean) - logEvidence, 1e-10);
    }
    for (const mean of [5, 10, 20]) agree('loss with - KL', recon(mean) - reg(mean), -(mean ** 2) / 2, 0.01);
  });

  it('MVA Q5: the E-step closes the gap, the M-step raises log p(x)', () => {
    const { history } = expectationMaximization(new Random(9), 8);
    for (const [before, afterE, afterM] of history) {
      agree('E-step leaves log p(x)', afterE.evidence, before.evidence, 1e-12);
      agree('E-step closes the gap', afterE.evidence - afterE.bound, 0, 1e-10);
      expect(afterE.bound).to.be.greaterThan(before.bound);
      expect(afterM.bound).to.be.greaterThan(afterE.bound);
      expect(afterM.evidence - afterE.evidence).to.be.at.least(afterM.bound - afterE.bound - 1e-12);
    }
  });

  it('MVA Q5: a rising bound can lower log p(x)', () => {
    // With q held at p(z), the decoder moves to where its posterior is q.
    const data = [
      [1, 1],
      [0, 0],
    ];
    const good = twoPixels([
      [0.99, 0.99],
      [0.01, 0.01],
    ]);
    const blind = twoPixels([
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    const average = (f: (x: number) => number) => sum(data.map(([a, b]) => f(2 * a! + b!))) / data.length;
    const at = (toy: LatentToy) => ({
      bound: average((x) => bound(toy, x, toy.prior)),
      evidence: average((x) => logEvidence(toy, x)),
    });
    agree('bound, good decoder', at(good).bound, Math.log(0.99) + Math.log(0.01), 1e-12);
    agree('bound, decoder that ignores z', at(blind).bound, -Math.log(4), 1e-12);
    agree('log p(x), good decoder', at(good).evidence, Math.log((0.99 ** 2 + 0.01 ** 2) / 2), 1e-12);
    agree('log p(x), decoder that ignores z', at(blind).evidence, -Math.log(4), 1e-12);
    const withEncoder = average((x) => bound(good, x, posterior(good, x)));
    agree('bound, good decoder and an encoder', withEncoder, at(good).evidence, 1e-12);
    expect(at(blind).bound).to.be.greaterThan(at(good).bound);
    expect(at(blind).evidence).to.be.lessThan(at(good).evidence);
  });
});

/** log N(z; mean, 1) - log N(z; 0, 1). */
function logRatio(z: number, mean: number): number {
  return logNormal(z, { mean, variance: 1 }) - logNormal(z, { mean: 0, variance: 1 });
}

/** Two equally probable z, each with its own probabilities of two binary pixels; outcome 2 a + b. */
function twoPixels(probabilities: readonly (readonly number[])[]): LatentToy {
  const pixel = (p: number, value: number) => (value ? p : 1 - p);
  return {
    prior: [0.5, 0.5],
    decoder: probabilities.map(([p, r]) => [0, 1, 2, 3].map((x) => pixel(p!, Math.floor(x / 2)) * pixel(r!, x % 2))),
  };
}

interface Level {
  readonly bound: number;
  readonly evidence: number;
}

/**
 * Expectation-maximisation of a two-component mixture of Bernoulli images: the bound and log p(x), means over the data,
 * before each iteration, after its E-step (q := posterior) and after its M-step (decoder := best for that q).
 */
function expectationMaximization(random: Random, iterations: number): { history: [Level, Level, Level][] } {
  const data = ['1100', '1101', '1110', '0011', '0010', '0111', '1011'].map((row) => [...row].map(Number));
  const prior: Distribution = [0.5, 0.5];
  let means = prior.map(() => data[0]!.map(() => 0.3 + 0.4 * random.uniform()));
  let q: Distribution[] = data.map(() => prior);
  const likelihood = (x: readonly number[], z: number) =>
    x.reduce((product, pixel, d) => product * (pixel ? means[z]![d]! : 1 - means[z]![d]!), 1);
  const toy = (): LatentToy => ({ prior, decoder: prior.map((_, z) => data.map((x) => likelihood(x, z))) });
  const level = (): Level => ({
    bound: sum(data.map((_, n) => bound(toy(), n, q[n]!))) / data.length,
    evidence: sum(data.map((_, n) => logEvidence(toy(), n))) / data.length,
  });
  const history = Array.from({ length: iterations }, (): [Level, Level, Level] => {
    const before = level();
    q = data.map((_, n) => posterior(toy(), n));
    const afterE = level();
    means = prior.map((_, z) =>
      data[0]!.map((_, d) => sum(data.map((x, n) => q[n]![z]! * x[d]!)) / sum(q.map((row) => row[z]!))),
    );
    return [before, afterE, level()];
  });
  return { history };
}
