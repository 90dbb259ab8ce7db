import { Random } from '@onnx-forge/infer';
import { gaussianOf, type StepRandom, tf, useBackend, variationalLoss } from '@onnx-forge/train';
import {
  doublyReparameterised,
  logLikelihoodNormal,
  logMeanExp,
  logWeights,
  stopGradient,
} from '@onnx-forge/train/objectives';
import { expect } from 'chai';

/** One example with two latent dimensions and four pixels, in float64. */
const X = [1, 0, 1, 1];
const DECODER = [0.8, -0.5, 1.1, 0.3, -0.9, 0.7, 0.4, -1.2]; // [2, 4]
const MU = [0.4, -0.3];
const LOG_VAR = [-0.5, 0.2];
const Q = [...MU, ...LOG_VAR];
const STEP = 1e-5;

/** log w_k for z_k of the parameters `moving`, under q of the parameters `fixed`. */
function logWeight(
  moving: readonly number[],
  fixed: readonly number[],
  decoder: readonly number[],
  noise: readonly number[],
) {
  const z = [0, 1].map((d) => moving[d]! + Math.exp(moving[2 + d]! / 2) * noise[d]!);
  let total = 0;
  for (const [i, x] of X.entries()) {
    const logit = z[0]! * decoder[i]! + z[1]! * decoder[4 + i]!;
    total += x * logit - Math.log1p(Math.exp(logit));
  }
  for (const d of [0, 1]) {
    total -= z[d]! ** 2 / 2;
    total += ((z[d]! - fixed[d]!) ** 2 / Math.exp(fixed[2 + d]!) + fixed[2 + d]!) / 2;
  }
  return total;
}

function derivative(f: (parameters: number[]) => number, at: readonly number[], index: number): number {
  const moved = (step: number) => f(at.map((value, i) => (i === index ? value + step : value)));
  return (moved(STEP) - moved(-STEP)) / (2 * STEP);
}

function normalisedWeights(noise: readonly number[][]): number[] {
  const weights = noise.map((one) => Math.exp(logWeight(Q, Q, DECODER, one)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** Tucker et al. 2019, eq. 7, straight from its definition. */
function dreg(noise: readonly number[][]): number[] {
  const weights = normalisedWeights(noise);
  return Q.map((_, i) =>
    noise.reduce((sum, one, k) => {
      return sum + weights[k]! ** 2 * derivative((moving) => logWeight(moving, Q, DECODER, one), Q, i);
    }, 0),
  );
}

/** log mean_k w_k. */
function bound(q: readonly number[], decoder: readonly number[], noise: readonly number[][]): number {
  const weights = noise.map((one) => Math.exp(logWeight(q, q, decoder, one)));
  return Math.log(weights.reduce((a, b) => a + b, 0) / noise.length);
}

function draws(random: Random, samples: number): number[][] {
  return Array.from({ length: samples }, () => [random.normal(), random.normal()]);
}

describe('the doubly reparameterised gradient', () => {
  before(() => useBackend('cpu'));

  for (const samples of [1, 2, 7]) {
    it(`is its definition in float64, for the encoder, and that of iwae for the decoder, with K = ${samples}`, () => {
      const noise = draws(new Random(samples), samples);
      const rng: StepRandom = {
        normal: (shape) => tf.tensor(noise.flat(), [...shape]),
        uniform: () => expect.fail('uniform'),
      };
      const x = tf.tensor2d([X]);
      const { value, grads } = tf.valueAndGrads((mu: tf.Tensor, logVar: tf.Tensor, decoder: tf.Tensor) => {
        const decode = (z: tf.Tensor) => z.matMul(decoder);
        const options = { objective: 'dreg', importanceSamples: samples } as const;
        return variationalLoss({ x, q: gaussianOf(mu, logVar), decode }, rng, options).loss as tf.Scalar;
      })([tf.tensor2d([MU]), tf.tensor2d([LOG_VAR]), tf.tensor2d(DECODER, [2, 4])]);
      expect(value.dataSync()[0]).to.be.closeTo(-bound(Q, DECODER, noise), 1e-5);
      const encoder = [...grads[0]!.dataSync(), ...grads[1]!.dataSync()];
      dreg(noise).forEach((expected, i) => {
        expect(encoder[i], `q ${i}`).to.be.closeTo(-expected, 1e-4);
      });
      const decoder = grads[2]!.dataSync();
      DECODER.forEach((_, i) => {
        const expected = derivative((moved) => bound(Q, moved, noise), DECODER, i);
        expect(decoder[i], `decoder ${i}`).to.be.closeTo(-expected, 1e-4);
      });
    });
  }

  for (const seed of [1, 2, 3]) {
    it(`has the expectation of the gradient of iwae, and varies less, K = 8, seed ${seed}`, () => {
      const random = new Random(seed);
      const trials = 4000;
      const [differences, doubles, plains]: [number[][], number[][], number[][]] = [[], [], []];
      for (let trial = 0; trial < trials; trial++) {
        const noise = draws(random, 8);
        const double = dreg(noise);
        const plain = Q.map((_, i) => derivative((q) => bound(q, DECODER, noise), Q, i));
        doubles.push(double);
        plains.push(plain);
        differences.push(double.map((value, i) => value - plain[i]!));
      }
      Q.forEach((_, i) => {
        const { mean, variance } = statistics(differences.map((difference) => difference[i]!));
        expect(mean, `q ${i}`).to.be.closeTo(0, 4.5 * Math.sqrt(variance / trials));
        expect(variance).to.be.above(1e-6);
        const [less, more] = [doubles, plains].map((all) => statistics(all.map((one) => one[i]!)).variance);
        expect(less, `variance of q ${i}`).to.be.below(more!);
      });
    });
  }
});

describe('bounds of x = theta z + s e, whose log p(x) and posterior are closed forms', () => {
  before(() => useBackend('cpu'));

  const [X1, THETA, S2] = [1.3, 0.8, 0.25];
  const V = THETA ** 2 + S2; // x ~ N(0, V)
  const POSTERIOR = { mu: (THETA * X1) / V, logVar: Math.log(S2 / V) };
  const ROWS = 20_000;

  /** Value and gradients in mu, logVar and theta of the mean bound over rows of the same x, with q beside the posterior. */
  function boundOf(objective: 'iwae' | 'dreg', samples: number, beside: { mu: number; logVar: number }, rows = ROWS) {
    const noise = new Random(samples + 1).fillNormal(new Float32Array(rows * samples));
    const { value, grads } = tf.valueAndGrads((mu: tf.Tensor, logVar: tf.Tensor, theta: tf.Tensor) => {
      const wide = (one: tf.Tensor) => one.mul<tf.Tensor3D>(tf.ones([rows, 1, 1]));
      const q = gaussianOf(wide(mu), wide(logVar));
      const double = doublyReparameterised();
      const drawn = q.reparameterize(tf.tensor3d(noise, [rows, samples, 1]));
      const z = objective === 'dreg' ? double.draws(drawn) : drawn;
      const logConditional = logLikelihoodNormal(
        { mu: z.mul(theta), logVar: tf.scalar(Math.log(S2)) },
        tf.scalar(X1),
        2,
      );
      const fixed = { mu: stopGradient(q.mu), logVar: stopGradient(q.logVar) };
      const weights = logWeights({ q: objective === 'dreg' ? fixed : q, z, logConditional });
      return (objective === 'dreg' ? double.bound(weights) : logMeanExp(weights)).mean<tf.Scalar>();
    })([tf.scalar(POSTERIOR.mu + beside.mu), tf.scalar(POSTERIOR.logVar + beside.logVar), tf.scalar(THETA)]);
    const [mu, logVar, theta] = grads.map((grad) => grad.dataSync()[0]!);
    return { value: value.dataSync()[0]!, mu: mu!, logVar: logVar!, theta: theta! };
  }
  const EXACT = -0.5 * (Math.log(2 * Math.PI * V) + X1 ** 2 / V);
  /** d log p(x) / d theta */
  const SLOPE = THETA * (X1 ** 2 / V ** 2 - 1 / V);

  it('with the posterior for q every draw is log p(x); dreg then has no gradient in q at all, iwae has noise', () => {
    for (const samples of [1, 4]) {
      const at = { mu: 0, logVar: 0 };
      const [double, plain] = [boundOf('dreg', samples, at, 3), boundOf('iwae', samples, at, 3)];
      for (const { value } of [double, plain]) expect(value).to.be.closeTo(EXACT, 1e-5);
      expect(Math.hypot(double.mu, double.logVar)).to.be.below(1e-5);
      expect(Math.hypot(plain.mu, plain.logVar)).to.be.above(1e-2);
      for (const objective of ['iwae', 'dreg'] as const)
        expect(boundOf(objective, samples, at).theta, objective).to.be.closeTo(SLOPE, 0.02);
    }
  });

  it('beside it the bound rises with K to log p(x), and so does its gradient in theta to that of log p(x)', () => {
    const beside = { mu: 0.3, logVar: 0.4 };
    const all = [1, 2, 8, 64].map((samples) => boundOf('dreg', samples, beside, ROWS / 10));
    for (let i = 1; i < all.length; i++) expect(all[i]!.value).to.be.above(all[i - 1]!.value);
    expect(all[0]!.value).to.be.below(EXACT - 0.1);
    expect(all.at(-1)!.value).to.be.closeTo(EXACT, 0.01);
    const errors = all.map(({ theta }) => Math.abs(theta - SLOPE));
    expect(errors[0]).to.be.above(0.1);
    expect(errors.at(-1)).to.be.below(0.05);
    // K = 1: the bound is log p(x) - KL(q, posterior), which has a closed form, too.
    const ratio = Math.exp(beside.logVar);
    const kl = 0.5 * (ratio + beside.mu ** 2 / (S2 / V) - 1 - beside.logVar);
    expect(boundOf('dreg', 1, beside).value).to.be.closeTo(EXACT - kl, 0.02);
    expect(boundOf('dreg', 1, beside).mu).to.be.closeTo(-beside.mu / (S2 / V), 0.05);
  });
});

function statistics(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
}
