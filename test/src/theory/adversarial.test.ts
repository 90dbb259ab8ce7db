import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { bceLoss, discriminatorLoss } from '@onnx-forge/train';
import { expect } from 'chai';
import { agree } from './agree.js';
import {
  type Distribution,
  expectation,
  jensenShannon,
  randomDistribution,
  sum,
  totalVariation,
} from './distributions.js';
import { sigmoid } from './normal.js';
import { derivative } from './quadrature.js';
import { maximizeOnSimplex } from './simplex.js';
import { read, useTensors } from './tensors.js';

/** V(D) = E_p log D + E_pG log(1 - D), what the discriminator maximizes and the generator minimizes. */
function gameValue(p: Distribution, pG: Distribution, D: readonly number[]): number {
  return expectation(p, (x) => Math.log(D[x]!)) + expectation(pG, (x) => Math.log(1 - D[x]!));
}

/** p / (p + pG). */
function optimalDiscriminator(p: Distribution, pG: Distribution): number[] {
  return p.map((probability, x) => probability / (probability + pG[x]!));
}

describe('theory: generative adversarial networks', () => {
  useTensors();

  it('CS446 3a: discriminatorLoss is -V(D)', () => {
    const [real, fake] = [
      [0.4, -1, 2.5],
      [0.1, 1.2, -3],
    ];
    const value = sum(real!.map((l) => Math.log(sigmoid(l)))) / 3 + sum(fake!.map((l) => Math.log(1 - sigmoid(l)))) / 3;
    agree('discriminatorLoss', read(discriminatorLoss(tf.tensor1d(real!), tf.tensor1d(fake!)))[0]!, -value, 1e-6);
  });

  it('CS446 3b: an expectation over z is one over pG', () => {
    const random = new Random(1);
    const prior = randomDistribution(random, 12);
    const G = prior.map(() => random.integer(4));
    const D = [0.3, 0.8, 0.55, 0.1];
    const pG = D.map((_, x) => sum(prior.filter((_, z) => G[z] === x)));
    const overZ = expectation(prior, (z) => Math.log(1 - D[G[z]!]!));
    agree(
      'E_z',
      overZ,
      expectation(pG, (x) => Math.log(1 - D[x]!)),
      1e-12,
    );
  });

  it('CS446 3c: descent of discriminatorLoss reaches p / (p + pG)', () => {
    const counts = [
      [4, 3, 2, 1],
      [1, 2, 3, 4],
    ];
    const batch = (row: readonly number[]) =>
      tf.tensor1d(
        row.flatMap((count, x) => Array(count).fill(x)),
        'int32',
      );
    const [real, fake] = counts.map(batch);
    const slope = tf.grad((logits) => discriminatorLoss(tf.gather(logits, real!), tf.gather(logits, fake!)));
    let logits: tf.Tensor = tf.tensor1d([3, -2, 0.5, 1]);
    for (let step = 0; step < 60; step++) logits = tf.tidy(() => logits.sub(slope(logits).mul(8)));
    for (const [x, found] of read(tf.sigmoid(logits)).entries()) {
      agree(`D(${x})`, found, [0.8, 0.6, 0.4, 0.2][x]!, 1e-4);
    }
  });

  it('CS446 3c: no other D does better, also where p or pG is zero', () => {
    const random = new Random(2);
    const [p, pG] = [
      [0.5, 0.3, 0.2, 0],
      [0, 0.1, 0.4, 0.5],
    ];
    const best = gameValue(p!, pG!, optimalDiscriminator(p!, pG!));
    expect(best).to.satisfy(Number.isFinite);
    for (let trial = 0; trial < 200; trial++) {
      expect(
        gameValue(
          p!,
          pG!,
          p!.map(() => random.uniform() || 0.5),
        ),
      ).to.be.lessThan(best);
    }
  });

  it('CS446 3c: the derivative of -V is -p/D + pG/(1-D)', () => {
    const [p, pG] = [0.4, 0.1];
    const minusV = (D: number) => -gameValue([p, 1 - p], [pG, 1 - pG], [D, 0.5]);
    for (const D of [0.1, 0.5, 0.9]) agree(`D = ${D}`, derivative(minusV, D), -p / D + pG / (1 - D), 1e-6);
    agree('D = p / (p + pG)', derivative(minusV, 0.8), 0, 1e-6);
  });

  it('CS446 3d: V(D*) = -log 4 + 2 JSD(p, pG)', () => {
    const random = new Random(3);
    for (let trial = 0; trial < 25; trial++) {
      const [p, pG] = [randomDistribution(random, 6), randomDistribution(random, 6)];
      const value = gameValue(p, pG, optimalDiscriminator(p, pG));
      agree('V(D*)', value, -Math.log(4) + 2 * jensenShannon(p, pG), 1e-12);
      const half = (of: Distribution) => expectation(of, (x) => Math.log(of[x]! / ((p[x]! + pG[x]!) / 2)));
      agree('line 2 - line 1', -half(p) - half(pG) - -value, -Math.log(4), 1e-12);
    }
  });

  it('CS446 3d: descent of V(D*) over pG reaches p', () => {
    const random = new Random(4);
    const [p, start] = [randomDistribution(random, 5), randomDistribution(random, 5)];
    const value = (pG: Distribution) => gameValue(p, pG, optimalDiscriminator(p, pG));
    const found = maximizeOnSimplex((pG) => -value(pG), start);
    agree('distance from p', totalVariation(found, p), 0, 1e-5);
    agree('V', value(found), -Math.log(4), 1e-9);
    expect(value(start)).to.be.greaterThan(-Math.log(4) + 0.01);
  });

  it("CS446 3d: the discriminator's loss at that optimum is log 4", () => {
    const logits = tf.zeros([8, 1]);
    agree('discriminatorLoss', read(discriminatorLoss(logits, logits))[0]!, Math.log(4), 1e-6);
    agree('bceLoss', read(bceLoss(logits, 1))[0]!, Math.log(2), 1e-6);
  });
});
