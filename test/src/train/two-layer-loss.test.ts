import { Random } from '@onnx-forge/infer';
import { gaussian, type StepRandom, tf, twoLayerLoss, useBackend } from '@onnx-forge/train';
import { latentGraphs, twoLayersAsOne } from '@onnx-forge/train/kinds';
import { stopWeights } from '@onnx-forge/train/objectives';
import { expect } from 'chai';

/** Sizes of x, z1 and z2. */
const [PIXELS, LOWER, UPPER] = [4, 2, 1];
const LOG_2_PI = Math.log(2 * Math.PI);

/** Weights of the four networks, one tanh layer each at most, as flat lists. */
interface Weights {
  readonly encoder: readonly number[]; // [PIXELS, 2 * LOWER]
  readonly upperEncoder: readonly number[]; // [LOWER, 2 * UPPER]
  readonly upperDecoder: readonly number[]; // [UPPER, 2 * LOWER]
  readonly decoder: readonly number[]; // [LOWER, PIXELS]
}
type Net = keyof Weights;
const NETS: readonly Net[] = ['encoder', 'upperEncoder', 'upperDecoder', 'decoder'];
const SHAPES: Readonly<Record<Net, readonly [number, number]>> = {
  encoder: [PIXELS, 2 * LOWER],
  upperEncoder: [LOWER, 2 * UPPER],
  upperDecoder: [UPPER, 2 * LOWER],
  decoder: [LOWER, PIXELS],
};

const X = [1, 0, 1, 1];

function weights(seed = 3): Weights {
  const random = new Random(seed);
  const of = (net: Net) => Array.from({ length: SHAPES[net][0] * SHAPES[net][1] }, () => 0.7 * random.normal());
  return Object.fromEntries(NETS.map((net) => [net, of(net)])) as unknown as Weights;
}

/** tanh(v) W in float64. */
function through(v: readonly number[], net: Net, { [net]: W }: Weights): number[] {
  const columns = SHAPES[net][1];
  return Array.from({ length: columns }, (_, j) =>
    v.reduce((sum, value, i) => sum + Math.tanh(value) * W[i * columns + j]!, 0),
  );
}

const halves = (v: readonly number[]) => [v.slice(0, v.length / 2), v.slice(v.length / 2)] as const;

function logNormal(z: readonly number[], parameters: readonly number[]): number {
  const [mu, logVar] = halves(parameters);
  return z.reduce(
    (sum, value, d) => sum - (LOG_2_PI + logVar[d]! + (value - mu[d]!) ** 2 / Math.exp(logVar[d]!)) / 2,
    0,
  );
}

const drawn = (parameters: readonly number[], noise: readonly number[]) => {
  const [mu, logVar] = halves(parameters);
  return mu.map((value, d) => value + Math.exp(logVar[d]! / 2) * noise[d]!);
};

const logBernoulli = (logits: readonly number[], x: readonly number[] = X) =>
  logits.reduce((sum, logit, i) => sum + x[i]! * logit - Math.log1p(Math.exp(logit)), 0);

const standard = (size: number) => new Array<number>(2 * size).fill(0);

/** log w of noise (for z1, then for z2): draws by the weights `moving`, densities of q by `fixed`, of p by `model`. */
function logWeight(noise: readonly number[], moving: Weights, fixed = moving, model = moving): number {
  const z1 = drawn(through(X, 'encoder', moving), noise.slice(0, LOWER));
  const z2 = drawn(through(z1, 'upperEncoder', moving), noise.slice(LOWER));
  return (
    logBernoulli(through(z1, 'decoder', model)) +
    logNormal(z1, through(z2, 'upperDecoder', model)) +
    logNormal(z2, standard(UPPER)) -
    logNormal(z1, through(X, 'encoder', fixed)) -
    logNormal(z2, through(z1, 'upperEncoder', fixed))
  );
}

const logMean = (values: readonly number[]) => {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0) / values.length);
};

function derivative(f: (w: Weights) => number, at: Weights, net: Net, index: number): number {
  const moved = (step: number) => f({ ...at, [net]: at[net].map((value, i) => (i === index ? value + step : value)) });
  return (moved(1e-5) - moved(-1e-5)) / 2e-5;
}

const isOfPosterior = (net: Net) => net === 'encoder' || net === 'upperEncoder';

/** The gradient that an objective has, in float64, straight from its definition. */
function expectedGradient(objective: 'joint' | 'iwae' | 'dreg', noise: readonly number[][], net: Net, index: number) {
  const w = weights();
  const logs = noise.map((one) => logWeight(one, w));
  if (objective === 'joint')
    return noise.reduce((sum, one) => sum + derivative((v) => logWeight(one, v), w, net, index) / noise.length, 0);
  if (objective === 'iwae' || !isOfPosterior(net))
    return derivative((v) => logMean(noise.map((one) => logWeight(one, v))), w, net, index);
  // Tucker et al. 2019, eq. 7, for the draw (z1, z2).
  const total = logs.reduce((sum, log) => sum + Math.exp(log), 0);
  return noise.reduce(
    (sum, one, k) =>
      sum + (Math.exp(logs[k]!) / total) ** 2 * derivative((v) => logWeight(one, v, w, w), w, net, index),
    0,
  );
}

function noises(samples: number, seed = 8): number[][] {
  const random = new Random(seed);
  return Array.from({ length: samples }, () => Array.from({ length: LOWER + UPPER }, () => random.normal()));
}

/** Hands out the noise of z1, then that of z2. */
function giving(noise: readonly number[][]): StepRandom {
  const parts = [noise.map((one) => one.slice(0, LOWER)), noise.map((one) => one.slice(LOWER))];
  return {
    normal(shape) {
      return tf.tensor(parts.shift()!.flat(), [...shape]);
    },
    uniform: () => expect.fail('uniform'),
  };
}

/** The networks as tfjs has them, of given tensors. */
function networks(tensors: Readonly<Record<Net, tf.Tensor>>) {
  const through = (net: Net) => (v: tf.Tensor) => v.tanh().matMul(tensors[net] as tf.Tensor2D) as tf.Tensor;
  return {
    posterior: (x: tf.Tensor) => gaussian(through('encoder')(x)),
    infer: through('upperEncoder'),
    generate: through('upperDecoder'),
    decode: through('decoder'),
  };
}

const tensorsOf = (w: Weights) =>
  Object.fromEntries(NETS.map((net) => [net, tf.tensor([...w[net]], [...SHAPES[net]])])) as Record<Net, tf.Tensor>;

describe('a model with two stochastic layers', () => {
  before(() => useBackend('cpu'));

  for (const objective of ['joint', 'iwae', 'dreg'] as const) {
    for (const samples of [1, 5]) {
      it(`${objective}, K = ${samples}: bound and gradients of all networks are those of the definition in float64`, () => {
        const noise = noises(samples);
        const tensors = tensorsOf(weights());
        // As variables, which the networks of a recipe are: a gradient must find them inside a network.
        const variables = NETS.map((net) => tf.variable(tensors[net], true));
        const { value, grads } = tf.variableGrads(() => {
          const { posterior, ...others } = networks(
            Object.fromEntries(NETS.map((net, i) => [net, variables[i]!])) as unknown as Record<Net, tf.Tensor>,
          );
          const x = tf.tensor2d([X]);
          const options = { objective, importanceSamples: samples };
          return twoLayerLoss({ x, q: posterior(x), ...others }, giving(noise), options).loss as tf.Scalar;
        }, variables);
        const logs = noise.map((one) => logWeight(one, weights()));
        const bound = objective === 'joint' ? logs.reduce((a, b) => a + b, 0) / samples : logMean(logs);
        expect(value.dataSync()[0]).to.be.closeTo(-bound, 1e-5);
        for (const [i, net] of NETS.entries()) {
          const gradient = grads[variables[i]!.name]!.dataSync();
          for (let j = 0; j < gradient.length; j++) {
            expect(gradient[j], `${net} ${j}`).to.be.closeTo(-expectedGradient(objective, noise, net, j), 2e-4);
          }
        }
      });
    }
  }

  it('dreg has the expectation of the gradient of iwae, K = 4', () => {
    const [net, trials] = ['encoder', 1000] as const;
    const random = new Random(2);
    const differences: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const noise = Array.from({ length: 4 }, () => Array.from({ length: LOWER + UPPER }, () => random.normal()));
      differences.push(expectedGradient('dreg', noise, net, 1) - expectedGradient('iwae', noise, net, 1));
    }
    const mean = differences.reduce((sum, value) => sum + value, 0) / trials;
    const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (trials - 1);
    expect(variance).to.be.above(1e-6);
    expect(mean).to.be.closeTo(0, 4.5 * Math.sqrt(variance / trials));
  });

  /** log p(x) by quadrature over z1 and z2: a grid that is far finer and wider than the densities. */
  function byQuadrature(): number {
    const w = weights();
    const [step, reach] = [0.25, 6];
    const grid = Array.from({ length: 2 * (reach / step) + 1 }, (_, i) => -reach + i * step);
    let total = 0;
    for (const z2 of grid) {
      const p1 = through([z2], 'upperDecoder', w);
      const [mu, logVar] = halves(p1);
      // z1 = mu + sigma e: the grid is one of e.
      for (const a of grid)
        for (const b of grid) {
          const z1 = [mu[0]! + Math.exp(logVar[0]! / 2) * a, mu[1]! + Math.exp(logVar[1]! / 2) * b];
          total += Math.exp(logBernoulli(through(z1, 'decoder', w)) - (3 * LOG_2_PI + z2 ** 2 + a ** 2 + b ** 2) / 2);
        }
    }
    return Math.log(total * step ** 3);
  }

  it('the bound rises with K to log p(x), which quadrature gives', () => {
    const exact = byQuadrature();
    const random = new Random(5);
    const means = [1, 4, 64].map((samples) => {
      const trials = 4096 / samples;
      let sum = 0;
      for (let trial = 0; trial < trials; trial++) {
        const noise = Array.from({ length: samples }, () =>
          Array.from({ length: LOWER + UPPER }, () => random.normal()),
        );
        sum += logMean(noise.map((one) => logWeight(one, weights())));
      }
      return sum / trials;
    });
    expect(means[1]).to.be.above(means[0]!);
    expect(means[2]).to.be.above(means[1]!);
    expect(means[2]).to.be.closeTo(exact, 0.05);
    expect(means[0]).to.be.below(exact - 0.1);
  });

  describe('served as one latent vector', () => {
    const code = () => {
      const { posterior, ...others } = networks(tensorsOf(weights()));
      const one = twoLayersAsOne({ lower: LOWER, upper: UPPER, posterior, ...others });
      return latentGraphs({ latentDim: LOWER + UPPER, pixels: PIXELS, ...one });
    };
    const run = (graph: string, inputs: Record<string, tf.Tensor>) =>
      code()[graph]!(inputs as never) as Record<string, tf.Tensor>;
    const encoded = (x: tf.Tensor) => run('encode', { x }) as { mu: tf.Tensor; logVar: tf.Tensor };
    /** The graphs' noise: that of z2, then that of z1. */
    const noiseOf = (one: readonly number[]) => [...one.slice(LOWER), ...one.slice(0, LOWER)];

    it('logWeights are those of the definition in float64, for each image and draw', () => {
      const noise = noises(6);
      const x = tf.tensor2d([X, X]);
      const twice = tf.tensor3d([noise.map(noiseOf), noise.map(noiseOf).toReversed()]);
      const { logWeights } = run('logWeights', { x, ...encoded(x), noise: twice });
      expect(logWeights!.shape).to.deep.equal([2, 6]);
      const have = Array.from(logWeights!.dataSync());
      const want = noise.map((one) => logWeight(one, weights()));
      for (const [k, value] of [...want, ...want.toReversed()].entries()) expect(have[k]).to.be.closeTo(value, 1e-4);
    });

    it('the terms of the ELBO are those of one draw', () => {
      const noise = noises(1)[0]!;
      const { elbo, reconstruction, kl } = run('elbo', { x: tf.tensor2d([X]), noise: tf.tensor2d([noiseOf(noise)]) });
      const z1 = drawn(through(X, 'encoder', weights()), noise.slice(0, LOWER));
      expect(elbo!.dataSync()[0]).to.be.closeTo(logWeight(noise, weights()), 1e-4);
      expect(reconstruction!.dataSync()[0]).to.be.closeTo(logBernoulli(through(z1, 'decoder', weights())), 1e-5);
      expect(kl!.dataSync()[0]).to.be.closeTo(reconstruction!.dataSync()[0]! - elbo!.dataSync()[0]!, 1e-5);
    });

    it('decode goes through both layers, z2 first, and log p(x|u) averages to log p(x) over the prior N(0, I)', () => {
      const [z2, a, b] = [0.4, -1.2, 0.8];
      const [mu, logVar] = halves(through([z2], 'upperDecoder', weights()));
      const z1 = [mu[0]! + Math.exp(logVar[0]! / 2) * a, mu[1]! + Math.exp(logVar[1]! / 2) * b];
      const want = through(z1, 'decoder', weights()).map((logit) => 1 / (1 + Math.exp(-logit)));
      const { mean } = run('decode', { z: tf.tensor2d([[z2, a, b]]) });
      for (const [i, value] of mean!.dataSync().entries()) expect(value).to.be.closeTo(want[i]!, 1e-5);

      const random = new Random(1);
      const u = tf.tensor2d(random.fillNormal(new Float32Array(3 * 50_000)), [50_000, 3]);
      const { logProb } = run('logConditional', { x: tf.tensor2d([X]), z: u });
      expect(logMean(Array.from(logProb!.dataSync()))).to.be.closeTo(byQuadrature(), 0.02);
    });

    it("decoding the encoder's mean reconstructs by the mean of q(z1|x)", () => {
      const x = tf.tensor2d([X]);
      const { mean } = run('decode', { z: encoded(x).mu });
      const want = through(halves(through(X, 'encoder', weights()))[0], 'decoder', weights());
      for (const [i, value] of mean!.dataSync().entries())
        expect(value).to.be.closeTo(1 / (1 + Math.exp(-want[i]!)), 1e-5);
    });
  });
});

describe('stopWeights', () => {
  before(() => useBackend('cpu'));

  it('leaves values and the gradient of the input, and stops that of the weights', () => {
    const w = tf.variable(tf.scalar(3));
    const x = tf.variable(tf.scalar(2));
    const f = (v: tf.Tensor) => v.square().mul(w) as tf.Tensor;
    const { value, grads } = tf.variableGrads(() => stopWeights(f)(x).mul(w).sum() as tf.Scalar, [w, x]);
    expect(value.dataSync()[0]).to.equal(36);
    expect(grads[x.name]!.dataSync()[0]).to.equal(36); // 2 x w, times the w outside
    expect(grads[w.name]!.dataSync()[0]).to.equal(12); // of the w outside alone
  });
});
