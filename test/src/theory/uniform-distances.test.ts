import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { lipschitzPenalty, wassersteinDistance } from '@onnx-forge/train';
import type { Critic } from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree } from './agree.js';
import { type Distribution, jensenShannon, kl } from './distributions.js';
import { integrate } from './quadrature.js';
import { summarize } from './statistics.js';
import { read, useTensors } from './tensors.js';

/** U[from, from + 1]. */
interface Uniform {
  readonly from: number;
}

const P1: Uniform = { from: 0 };
const P2: Uniform = { from: 0.5 };
const P3: Uniform = { from: 1 };

const density = ({ from }: Uniform, x: number) => (x > from && x < from + 1 ? 1 : 0);
const cumulative = ({ from }: Uniform, x: number) => Math.min(1, Math.max(0, x - from));

/** Probabilities of 64 bins on [0, 2]; the jumps lie on bin borders, so that nothing is lost by binning. */
function bins(uniform: Uniform): Distribution {
  return Array.from({ length: 64 }, (_, i) => cumulative(uniform, (i + 1) / 32) - cumulative(uniform, i / 32));
}

/** KL(p || (1 - epsilon) q + epsilon p): finite, since the second argument covers the first. */
function smoothedKl(p: Uniform, q: Uniform, epsilon: number): number {
  const mixture = (x: number) => (1 - epsilon) * density(q, x) + epsilon * density(p, x);
  const integrand = (x: number) => density(p, x) * Math.log(density(p, x) / mixture(x));
  return integrate((x) => (density(p, x) === 0 ? 0 : integrand(x)), 0, 2);
}

function draws({ from }: Uniform, random: Random, n: number): Float32Array {
  return random.fillUniform(new Float32Array(n), from, from + 1);
}

describe('theory: distances between uniform distributions', () => {
  useTensors();

  it('CS446 3e: both KL are +infinity', () => {
    expect(kl(bins(P1), bins(P2))).to.equal(Number.POSITIVE_INFINITY);
    expect(kl(bins(P1), bins(P3))).to.equal(Number.POSITIVE_INFINITY);
    agree('KL(P1, P1), for comparison', kl(bins(P1), bins(P1)), 0, 1e-15);
  });

  it('CS446 3e: both KL as limits', () => {
    for (const epsilon of [1e-2, 1e-6, 1e-12, 1e-100]) {
      agree(`P2, epsilon ${epsilon}`, smoothedKl(P1, P2, epsilon), 0.5 * Math.log(1 / epsilon), 1e-9);
      agree(`P3, epsilon ${epsilon}`, smoothedKl(P1, P3, epsilon), Math.log(1 / epsilon), 1e-9);
    }
  });

  it('CS446 3e: JSD is finite, but stays log 2 however far apart the two are', () => {
    agree('P1, P2', jensenShannon(bins(P1), bins(P2)), Math.log(2) / 2, 1e-12);
    agree('P1, P3', jensenShannon(bins(P1), bins(P3)), Math.log(2), 1e-12);
    const far = (shift: number) => {
      const halfDensity = (x: number) =>
        density(P1, x) * Math.log(density(P1, x) / ((density(P1, x) + density({ from: shift }, x)) / 2));
      return integrate((x) => (density(P1, x) === 0 ? 0 : halfDensity(x)), 0, 2); // by symmetry JSD is one half twice
    };
    agree('shift 1', far(1), Math.log(2), 1e-12);
    agree('shift 5', far(5), Math.log(2), 1e-12);
  });

  it('CS446 3e: W1 by the distribution functions', () => {
    const byIntegral = (p: Uniform, q: Uniform) =>
      integrate((x) => Math.abs(cumulative(p, x) - cumulative(q, x)), 0, 2);
    agree('W1(P1, P2)', byIntegral(P1, P2), 0.5, 1e-12);
    agree('W1(P1, P3)', byIntegral(P1, P3), 1, 1e-12);
  });

  it('CS446 3e: W1 by sorted samples', () => {
    const n = 20_000;
    for (const [target, exact] of [
      [P2, 0.5],
      [P3, 1],
    ] as const) {
      const random = new Random(1);
      const a = draws(P1, random, n).sort();
      const b = draws(target, random, n).sort();
      const { mean } = summarize(a.map((value, i) => Math.abs(value - b[i]!)));
      agree('W1', mean, exact, 3 * Math.sqrt(2 / 12 / n)); // the standard error of a difference of two uniform means
    }
  });

  it('CS446 3e: moving only the left half costs 1/2 too', () => {
    // x in [0, 1/2] goes to x + 1, the rest stays. Any monotone or such plan costs E y - E x, as nothing moves left.
    const plan = (x: number) => (x < 0.5 ? x + 1 : x);
    agree(
      'cost',
      integrate((x) => plan(x) - x, 0, 1),
      0.5,
      1e-12,
    );
    for (const y of [0.6, 0.9, 1.1, 1.4]) {
      const pushed = integrate((x) => (plan(x) <= y ? 1 : 0), 0, 1, 1000);
      agree(`P(plan <= ${y})`, pushed, cumulative(P2, y), 1e-12);
    }
  });

  it('CS446 3e: W1 by the critic f(x) = x', () => {
    const n = 4000;
    for (const [target, exact] of [
      [P2, 0.5],
      [P3, 1],
    ] as const) {
      const random = new Random(2);
      // The critic's loss is E f(fake) - E f(real): the data are the distribution to the right.
      const [real, fake] = [draws(target, random, n), draws(P1, random, n)].map((values) =>
        tf.tensor2d(values, [n, 1]),
      );
      const t = tf.tensor1d(draws(P1, random, n));
      const identity: Critic = (x) => x.mul(1);
      const steep: Critic = (x) => x.mul(2);
      const estimate = (critic: Critic) => -read(wassersteinDistance(critic(real!), critic(fake!)))[0]!;
      const tolerance = 3 * Math.sqrt(2 / 12 / n);
      agree('slope 1', estimate(identity), exact, tolerance);
      agree('slope 1, penalty', read(lipschitzPenalty(identity, real!, fake!, t))[0]!, 0, 1e-6);
      agree('slope 2', estimate(steep), 2 * exact, 2 * tolerance);
      agree('slope 2, penalty', read(lipschitzPenalty(steep, real!, fake!, t))[0]!, 1, 1e-5);
    }
  });
});
