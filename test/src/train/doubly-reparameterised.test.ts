import { Random } from '@onnx-forge/infer';
import { gaussianOf, type StepRandom, tf, useBackend, variationalLoss } from '@onnx-forge/train';
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

function statistics(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
}
