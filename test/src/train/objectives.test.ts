import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import {
  bceLoss,
  collapseStd,
  discriminatorLoss,
  gaussian,
  gaussianOf,
  generatorLoss,
  lipschitzPenalty,
  logLikelihoodBernoulli,
  logLikelihoodNormal,
  negativeCosineSimilarity,
  negativeElbo,
  type StepRandom,
  stopGradient,
  wassersteinDistance,
} from '@onnx-forge/train';
import {
  contrastiveLoss,
  cosineSimilarity,
  criticGradientNorm,
  effectiveSampleSize,
  elbo,
  type Gaussian,
  type GaussianParameters,
  importanceLogWeights,
  iwaeBound,
  klGaussianGaussianAnalytic,
  klGaussianGaussianMc,
  knnClassify,
  labelScores,
  logLikelihoodBernoulliFromLogits,
  logLikelihoodBernoulliSamples,
  logLikelihoodCategorical,
  logLikelihoodStandardNormal,
  logMeanExp,
} from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { expectClose, reference } from './reference.js';

// Inputs and sums are float32: 1e-5 relative is about 80 units in the last place, enough for sums of a few terms.
describe('objectives against independent float64 values', () => {
  before(async () => {
    await tf.setBackend('cpu');
  });
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('logLikelihoodBernoulli', () => {
    const { input, output } = reference('logLikelihoodBernoulli');
    expectClose(logLikelihoodBernoulli(input('mu'), input('target')), output('value'));
  });

  it('logLikelihoodBernoulliFromLogits, up to logits of 700', () => {
    const { input, output } = reference('logLikelihoodBernoulliFromLogits');
    expectClose(logLikelihoodBernoulliFromLogits(input('logits'), input('target')), output('value'));
  });

  it('logLikelihoodBernoulliSamples, up to logits of 700, and over groups of many pixels', () => {
    const { input, output } = reference('logLikelihoodBernoulliFromLogits');
    expectClose(
      logLikelihoodBernoulliSamples(input('logits').expandDims(1), input('target')).squeeze([1]),
      output('value'),
    );
    const logits = tf.randomNormal([2, 3, 784], 0, 3, 'float32', 1);
    const x = tf.randomUniform([2, 784], 0, 1, 'float32', 2).round();
    const values = logits.arraySync() as number[][][];
    const targets = x.arraySync() as number[][];
    const term = (l: number, target: number): number =>
      target * l - Math.max(l, 0) - Math.log1p(Math.exp(-Math.abs(l)));
    const expected = values.map((samples, n) =>
      samples.map((ls) => ls.reduce((sum, l, d) => sum + term(l, targets[n]![d]!), 0)),
    );
    expectClose(logLikelihoodBernoulliSamples(logits, x), expected);
  });

  it('agrees with itself from probabilities and from logits, over any number of event axes', () => {
    const logits = tf.randomNormal([2, 3, 4, 5], 0, 1, 'float32', 1);
    const target = tf.randomUniform([2, 3, 4, 5], 0, 1, 'float32', 2).round();
    const fromLogits = logLikelihoodBernoulliFromLogits(logits, target);
    expect(fromLogits.shape).to.deep.equal([2]);
    expectClose(logLikelihoodBernoulli(tf.sigmoid(logits), target), fromLogits.arraySync());
    expect(logLikelihoodBernoulliFromLogits(logits, target, 2).shape).to.deep.equal([2, 3]);
  });

  it('has a finite gradient of the log-likelihood at extreme logits: x - sigmoid(l)', () => {
    const gradient = tf.grad((l) => logLikelihoodBernoulliFromLogits(l, tf.tensor2d([[1, 0, 0, 1]])));
    expectClose(gradient(tf.tensor2d([[700, -700, 700, -700]])), [0, 0, -1, 1]);
  });

  it('logLikelihoodCategorical is log softmax at the label, its gradient the label less softmax', () => {
    const rows = [
      [0.5, -1.25, 2],
      [700, 700, -700],
      [-3, -3, -3],
    ];
    const labels = [1, 0, 2];
    const expected = rows.map((row, i) => {
      const largest = Math.max(...row);
      const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
      const softmax = row.map((logit) => Math.exp(logit - largest) / total);
      const gradient = softmax.map((p, j) => (j === labels[i] ? 1 : 0) - p);
      return {
        value: row[labels[i]!]! - largest - Math.log(total),
        gradient,
        mostLikely: row.indexOf(largest) === labels[i],
      };
    });
    const logits = tf.tensor2d(rows);
    const ids = tf.tensor1d(labels, 'int32');
    expectClose(
      logLikelihoodCategorical(logits, ids),
      expected.map(({ value }) => value),
    );
    expectClose(
      tf.grad((x) => logLikelihoodCategorical(x, ids))(logits),
      expected.flatMap(({ gradient }) => gradient),
    );
    expect(Array.from(labelScores(logits, ids).mostLikely.dataSync(), Boolean)).to.deep.equal(
      expected.map(({ mostLikely }) => mostLikely),
    );
  });

  it('logLikelihoodNormal', () => {
    const { input, output } = reference('logLikelihoodNormal');
    expectClose(logLikelihoodNormal({ mu: input('mu'), logVar: input('logVar') }, input('z')), output('value'));
  });

  it('logLikelihoodStandardNormal is logLikelihoodNormal at mu = 0, logVar = 0', () => {
    const z = tf.tensor2d([[0.5, -1.25, 2]]);
    const zero = tf.zerosLike(z);
    expectClose(logLikelihoodStandardNormal(z), logLikelihoodNormal({ mu: zero, logVar: zero }, z).arraySync());
  });

  it('logMeanExp, where exp would over- and underflow', () => {
    const { input, output } = reference('logMeanExp');
    expectClose(logMeanExp(input('y')), output('value'));
  });

  it('klGaussianGaussianAnalytic', () => {
    const { input, output } = reference('klGaussianGaussianAnalytic');
    const q = { mu: input('muQ'), logVar: input('logVarQ') };
    const p = { mu: input('muP'), logVar: input('logVarP') };
    expectClose(klGaussianGaussianAnalytic(q, p), output('value'));
    const standard = { mu: tf.zerosLike(q.mu), logVar: tf.zerosLike(q.logVar) };
    expectClose(klGaussianGaussianAnalytic(q), klGaussianGaussianAnalytic(q, standard).arraySync());
    expectClose(klGaussianGaussianAnalytic(q, q), [0, 0, 0, 0]);
  });

  it('klGaussianGaussianMc approaches the closed form within 4 standard errors', () => {
    const { input, output } = reference('klGaussianGaussianAnalytic');
    const q = gaussianOf(input('muQ'), input('logVarQ'));
    const p = gaussianOf(input('muP'), input('logVarP'));
    const samples = 20_000;
    const estimate = klGaussianGaussianMc(q, p, drawing(3), samples).arraySync() as number[];
    const spread = logRatioSpread(q, p);
    for (const [example, exact] of (output('value') as number[]).entries()) {
      expect(estimate[example]).to.be.closeTo(exact, (4 * spread[example]!) / Math.sqrt(samples));
    }
  });

  it('elbo and its batch mean', () => {
    const { input, output } = reference('elbo');
    const q = { mu: input('mu'), logVar: input('logVar') };
    const bound = elbo({ x: input('x'), logits: input('logits'), q });
    expectClose(bound.reconstruction, output('reconstruction'));
    expectClose(bound.kl, output('kl'));
    expectClose(bound.elbo, output('elbo'));
    const { loss, reconstruction, kl } = negativeElbo({ x: input('x'), logits: input('logits'), q });
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;
    expectClose(loss, -mean(output('elbo') as number[]));
    expectClose(kl.sub(reconstruction), loss.arraySync());
  });

  it('gaussian splits a layer into mu and logVar and reparameterises', () => {
    const q = gaussian(tf.tensor2d([[1, 2, 0, Math.log(4)]]));
    expectClose(q.mu, [[1, 2]]);
    expectClose(q.reparameterize(tf.tensor2d([[-1, 1]])), [[0, 4]]);
    const gradient = tf.grad((parameters) => gaussian(parameters).reparameterize(tf.tensor2d([[-1, 1]])));
    expectClose(gradient(tf.tensor2d([[1, 2, 0, Math.log(4)]])), [[1, 1, -0.5, 1]]);
  });

  it('importance weights: estimate and effective sample size', () => {
    const { input, output } = reference('importanceWeights');
    expectClose(logMeanExp(input('logWeights')), output('logLikelihood'));
    expectClose(effectiveSampleSize(input('logWeights')), output('ess'));
  });

  it('importanceLogWeights equals the three densities, computed one sample at a time', () => {
    const x = tf.tensor2d([
      [1, 0, 1],
      [0, 0, 1],
    ]);
    const q = gaussianOf(tf.tensor2d([[0.1], [-0.4]]), tf.tensor2d([[-1], [0.3]]));
    const noise = tf.tensor3d([
      [[0.5], [-1]],
      [[2], [0]],
    ]);
    const logits = (z: tf.Tensor) => z.mul(tf.tensor1d([1, -2, 0.5])).add(0.1);
    const logConditional = (z: tf.Tensor) => logLikelihoodBernoulliFromLogits(logits(z), x.expandDims(1), 2);
    const weights = importanceLogWeights({ q, noise, logConditional });
    expect(weights.shape).to.deep.equal([2, 2]);
    const one = (sample: number) => {
      const z = q.reparameterize(noise.slice([0, sample, 0], [2, 1, 1]).reshape([2, 1]));
      return logLikelihoodBernoulliFromLogits(logits(z), x)
        .add(logLikelihoodStandardNormal(z))
        .sub(logLikelihoodNormal(q, z));
    };
    expectClose(weights, tf.stack([one(0), one(1)], 1).arraySync() as number[][]);
  });

  it('importance sampling from a wider Gaussian converges to the exact log p(x) of a linear-Gaussian model', () => {
    const { input, raw, output } = reference('linearGaussian');
    const x = input('x');
    const [W, b] = [input('W'), input('b')];
    const logVar = tf.fill(x.shape, Math.log(raw('noiseVariance') as number)).expandDims(1);
    const logConditional = (z: tf.Tensor) => {
      const mu = tf
        .matMul(z.reshape([-1, 2]), W, false, true)
        .add(b)
        .reshape([4, -1, 5]);
      return logLikelihoodNormal({ mu, logVar }, x.expandDims(1), 2);
    };
    const variance = tf.tensor2d(output('posteriorCovariance') as number[][]);
    const wider = tf
      .log(
        tf
          .diag(tf.ones([2]))
          .mul(variance)
          .sum(0)
          .mul(2),
      )
      .expandDims(0)
      .tile([4, 1]);
    const proposal = gaussianOf(tf.tensor2d(output('posteriorMean') as number[][]), wider);
    const samples = 20_000;
    const logWeights = importanceLogWeights({ q: proposal, noise: drawing(5).normal([4, samples, 2]), logConditional });
    const ess = effectiveSampleSize(logWeights).arraySync() as number[];
    // The relative standard error of the mean weight is sqrt(1/ESS - 1/K); four of them.
    const estimate = logMeanExp(logWeights).arraySync() as number[];
    for (const [example, exact] of (output('logP') as number[]).entries()) {
      expect(ess[example]).to.be.greaterThan(samples / 10);
      expect(estimate[example]).to.be.closeTo(exact, 4 * Math.sqrt(1 / ess[example]! - 1 / samples));
    }
  });

  it('iwaeBound and its gradient', () => {
    const { input, output } = reference('iwaeBound');
    const bound = tf.valueAndGrad((theta) => iwaeBound(tf.square(theta).sub(theta)))(input('theta'));
    expectClose(bound.value, output('value'));
    expectClose(bound.grad, output('gradient'));
  });

  it('contrastiveLoss and its gradient', () => {
    const { input, raw, output } = reference('contrastiveLoss');
    const margin = raw('margin') as number;
    const loss = (x1: tf.Tensor) => contrastiveLoss(x1, input('x2'), input('y'), margin);
    expectClose(loss(input('x1')), output('perExample'));
    expectClose(tf.grad((x1) => loss(x1).mean())(input('x1')), output('gradientX1'));
    const same = tf.ones([1, 3]);
    for (const y of [0, 1]) {
      const gradient = tf.grad((x1) => contrastiveLoss(x1, same, tf.tensor1d([y]), margin))(same);
      expectClose(gradient, [0, 0, 0]);
    }
  });

  it('negativeCosineSimilarity and its gradients, z held constant', () => {
    const { input, output } = reference('simsiamLoss');
    const [z1, z2] = [input('z1'), input('z2')];
    expectClose(cosineSimilarity(input('p1'), z2), output('cosineP1Z2'));
    const { value, grads } = tf.valueAndGrads((p1, p2) => negativeCosineSimilarity(p1!, p2!, z1, z2))([
      input('p1'),
      input('p2'),
    ]);
    expectClose(value, output('loss'));
    expectClose(grads[0]!, output('gradientP1'));
    expectClose(grads[1]!, output('gradientP2'));
  });

  it('stopGradient is the identity with a zero gradient', () => {
    const x = tf.tensor1d([1, -2]);
    expectClose(stopGradient(x), [1, -2]);
    expectClose(tf.grad((y) => stopGradient(tf.square(y)).add(y))(x), [1, 1]);
  });

  it('collapseStd', () => {
    const { input, output } = reference('collapseStd');
    expectClose(collapseStd(input('outputs')), output('std'));
    expectClose(collapseStd(input('outputs').mul(7)), output('std'));
  });

  it('knnClassify', () => {
    const { input, raw, output } = reference('knnClassify');
    const labels = tf.tensor1d(raw('labels') as number[], 'int32');
    const options = { k: raw('k') as number, temperature: raw('temperature') as number, classes: 3 };
    const winners = knnClassify(input('features') as tf.Tensor2D, input('bank') as tf.Tensor2D, labels, options);
    expectClose(winners, output('prediction'));
  });

  it('adversarial losses, up to logits of 80', () => {
    const { input, output } = reference('ganLosses');
    expectClose(discriminatorLoss(input('real'), input('fake')), output('discriminator'));
    expectClose(generatorLoss(input('fake')), output('generator'));
    expectClose(bceLoss(input('real'), 1), output('bceReal'));
    expectClose(bceLoss(input('fake'), tf.zerosLike(input('fake'))), output('bceFake'));
  });

  it('Lipschitz penalty: value and second derivatives', () => {
    const { input, output } = reference('lipschitzPenalty');
    const [real, fake, t] = [input('x'), input('y'), input('t')];
    const critic = (filter1: tf.Tensor, filter2: tf.Tensor) => (images: tf.Tensor) => {
      const hidden = tf.conv2d(images as tf.Tensor4D, filter1 as tf.Tensor4D, 1, 'same');
      const rectified = tf.relu(hidden).sub(tf.relu(hidden.neg()).mul(0.2));
      return tf.conv2d(rectified as tf.Tensor4D, filter2 as tf.Tensor4D, 1, 'same').sum([1, 2, 3]);
    };
    const fixed = critic(input('filter1'), input('filter2'));
    expectClose(criticGradientNorm(fixed, real, fake, t), output('gradientNorm'));
    expectClose(wassersteinDistance(fixed(real), fixed(fake)), output('wasserstein'), 1e-4, 1e-4);
    const penalty = (f1: tf.Tensor, f2: tf.Tensor) => lipschitzPenalty(critic(f1, f2), real, fake, t);
    const { value, grads } = tf.valueAndGrads(penalty)([input('filter1'), input('filter2')]);
    expectClose(value, output('penalty'));
    expectClose(grads[0]!, output('gradientFilter1'), 1e-4, 1e-4);
    expectClose(grads[1]!, output('gradientFilter2'), 1e-4, 1e-4);
  });
});

/** A step's randomness, drawn from a seed. */
function drawing(seed: number): StepRandom {
  const random = new Random(seed);
  const values = (shape: readonly number[]) => new Float32Array(shape.reduce((size, length) => size * length, 1));
  return {
    normal: (shape) => tf.tensor(random.fillNormal(values(shape)), [...shape]),
    uniform: (shape, low, high) => tf.tensor(random.fillUniform(values(shape), low, high), [...shape]),
  };
}

/** Standard deviation over z ~ q of log q(z) - log p(z), per example. */
function logRatioSpread(q: Gaussian, p: GaussianParameters): number[] {
  const rng = drawing(11);
  const draws = Array.from({ length: 400 }, () => klGaussianGaussianMc(q, p, rng, 1));
  return tf.sqrt(tf.moments(tf.stack(draws), 0).variance).arraySync() as number[];
}
