import { tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { gaussian, gaussianOf, logLikelihoodBernoulli, negativeElbo } from '@onnx-forge/train';
import { elbo, klGaussianGaussianAnalytic, logLikelihoodBernoulliFromLogits } from '@onnx-forge/train/objectives';
import { expect } from 'chai';
import { agree } from './agree.js';
import { sum } from './distributions.js';
import { logBernoulli, logNormal, sigmoid } from './normal.js';
import { gaussianExpectation } from './quadrature.js';
import { summarize } from './statistics.js';
import { drawing, read, useTensors } from './tensors.js';

/** All 2^pixels binary images. */
function allImages(pixels: number): number[][] {
  return Array.from({ length: 2 ** pixels }, (_, code) => Array.from({ length: pixels }, (_, d) => (code >> d) & 1));
}

describe('theory: the Bernoulli VAE', () => {
  useTensors();

  const logits = [0.3, -1.7, 2.2, 0, -0.4];

  it('CS446 1a: the product over pixels sums to 1 over all images', () => {
    const images = allImages(logits.length);
    const product = (x: readonly number[]) =>
      x.reduce((p, pixel, j) => p * sigmoid(logits[j]!) ** pixel * (1 - sigmoid(logits[j]!)) ** (1 - pixel), 1);
    const x = tf.tensor2d(images);
    const fromLogits = read(logLikelihoodBernoulliFromLogits(tf.tensor2d([logits]), x));
    const fromProbabilities = read(logLikelihoodBernoulli(tf.sigmoid(tf.tensor2d([logits])), x));
    for (const [index, image] of images.entries()) {
      expect(fromLogits[index]).to.be.closeTo(Math.log(product(image)), 1e-5);
      expect(fromProbabilities[index]).to.be.closeTo(Math.log(product(image)), 1e-5);
    }
    agree('sum over x', sum([...fromLogits].map(Math.exp)), 1, 1e-5);
  });

  it('CS446 1a: one p for all pixels is another likelihood', () => {
    const x = [1, 0, 1, 0, 0];
    const shared = sum(logits.map(sigmoid)) / logits.length;
    const asPrinted = sum(x.map((pixel) => Math.log(pixel ? shared : 1 - shared)));
    expect(Math.abs(asPrinted - logBernoulli(x, logits))).to.be.greaterThan(0.5);
  });

  it('CS446 1b: two outputs fix the samples and the KL of N(mu, I)', () => {
    const encoder = tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) });
    const mu = encoder.apply(tf.tensor2d([[1, 0, 1, 1, 0]])) as tf.Tensor;
    expect(mu.shape).to.deep.equal([1, 2]);
    const q = gaussianOf(mu, tf.zerosLike(mu));
    const [m1, m2] = read(mu) as unknown as [number, number];
    const ratio = (z: number, mean: number) =>
      logNormal(z, { mean, variance: 1 }) - logNormal(z, { mean: 0, variance: 1 });
    const integral = gaussianExpectation((z) => ratio(z, m1), m1) + gaussianExpectation((z) => ratio(z, m2), m2);
    agree('KL(q || N(0, I))', read(klGaussianGaussianAnalytic(q))[0]!, integral, 1e-6);
    const z = q.reparameterize(drawing(2).normal([20_000, 2]));
    const first = summarize(read(tf.slice(z, [0, 0], [-1, 1])));
    const second = summarize(read(tf.slice(z, [0, 1], [-1, 1])));
    const crossed = summarize(read(z.sub(mu).prod(1)));
    agree('mean of z_1', first.mean, m1, 3 * first.standardError);
    agree('mean of z_2', second.mean, m2, 3 * second.standardError);
    agree('variance of z_1', first.variance, 1, 0.03);
    agree('variance of z_2', second.variance, 1, 0.03);
    agree('covariance', crossed.mean, 0, 3 * crossed.standardError);
  });

  it('MVA Eq. 18: mu and Sigma map R^M to R^D, Sigma to positive numbers', () => {
    const [M, D] = [7, 3];
    const encoder = tf.layers.dense({ units: 2 * D, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) });
    const q = gaussian(encoder.apply(tf.ones([4, M]).mul(-2)) as tf.Tensor);
    expect(q.mu.shape).to.deep.equal([4, D]);
    expect(q.logVar.shape).to.deep.equal([4, D]);
    expect(Math.min(...read(q.logVar)), 'a log-variance may be negative').to.be.lessThan(0);
    expect(Math.min(...read(tf.exp(q.logVar)))).to.be.greaterThan(0);
  });

  describe('the loss, with logits w_m z + b_m and a one-dimensional z', () => {
    const [w, b] = [
      [1.5, -0.7, 0.4],
      [0.2, -0.1, -1],
    ];
    const images = [
      [1, 0, 1],
      [0, 1, 0],
    ];
    const mean = [0.6, -0.9];
    const logVar = [-0.5, 0.2];
    const logitsOf = (z: number) => w!.map((weight, m) => weight * z + b![m]!);
    const decode = (z: tf.Tensor) => z.mul(tf.tensor1d(w!)).add(tf.tensor1d(b!));
    const q = () => gaussianOf(tf.tensor2d([mean]).transpose(), tf.tensor2d([logVar]).transpose());

    it('MVA Q7: L_recon is the cross-entropy, L_reg the closed form, the loss their mean', () => {
      const noise = [0.3, -1.1];
      const z = mean.map((mu, n) => mu + Math.exp(logVar[n]! / 2) * noise[n]!);
      const recon = images.map((x, n) => -logBernoulli(x, logitsOf(z[n]!)));
      const reg = mean.map((mu, n) => -0.5 * (1 + logVar[n]! - mu ** 2 - Math.exp(logVar[n]!)));
      const drawn = q().reparameterize(tf.tensor2d([noise]).transpose());
      const parts = negativeElbo({ x: tf.tensor2d(images), logits: decode(drawn), q: q() });
      agree('L_recon', -read(parts.reconstruction)[0]!, sum(recon) / 2, 1e-5);
      agree('L_reg', read(parts.kl)[0]!, sum(reg) / 2, 1e-5);
      agree('L', read(parts.loss)[0]!, sum([...recon, ...reg]) / 2, 1e-5);
    });

    it('MVA Q7: one sample of z is unbiased for the bound', () => {
      const n = 20_000;
      const repeat = (tensor: tf.Tensor) => tf.tile(tensor, [n, 1]);
      for (const [index, x] of images.entries()) {
        const one = gaussianOf(tf.fill([n, 1], mean[index]!), tf.fill([n, 1], logVar[index]!));
        const drawn = decode(one.sample(drawing(3 + index)));
        const bounds = summarize(read(elbo({ x: repeat(tf.tensor2d([x])), logits: drawn, q: one }).elbo));
        const variance = Math.exp(logVar[index]!);
        const logWeight = (z: number) =>
          logBernoulli(x, logitsOf(z)) +
          logNormal(z, { mean: 0, variance: 1 }) -
          logNormal(z, { mean: mean[index]!, variance });
        const exact = gaussianExpectation(logWeight, mean[index]!, variance);
        agree('ELBO', bounds.mean, exact, 3 * bounds.standardError);
      }
    });

    it('MVA Q7: with the 1/N of Eq. 20 the same batch twice has the same loss', () => {
      const x = tf.tensor2d(images);
      const z = q().reparameterize(tf.zeros([2, 1]));
      const once = negativeElbo({ x, logits: decode(z), q: q() }).loss;
      const twice = negativeElbo({
        x: tf.concat([x, x]),
        logits: tf.concat([decode(z), decode(z)]),
        q: gaussianOf(tf.concat([q().mu, q().mu]), tf.concat([q().logVar, q().logVar])),
      }).loss;
      agree('loss of the batch twice', read(twice)[0]!, read(once)[0]!, 1e-6);
    });

    it('MVA Q6: without the log of its hint it is another, smaller loss', () => {
      for (const [index, x] of images.entries()) {
        const [mu, variance] = [mean[index]!, Math.exp(logVar[index]!)];
        const recon = -gaussianExpectation((z) => logBernoulli(x, logitsOf(z)), mu, variance);
        const withoutLog = -Math.log(gaussianExpectation((z) => Math.exp(logBernoulli(x, logitsOf(z))), mu, variance));
        expect(recon - withoutLog).to.be.greaterThan(0.05);
      }
    });

    it('MVA Q6: L_recon is 0 for a perfect reconstruction, L_reg at the prior only', () => {
      const x = tf.tensor2d([[1, 0, 1]]);
      const at = (certainty: number, mu: number, log: number) => {
        const posterior = gaussianOf(tf.tensor2d([[mu]]), tf.tensor2d([[log]]));
        const parts = negativeElbo({ x, logits: x.mul(2).sub(1).mul(certainty), q: posterior });
        return { recon: -read(parts.reconstruction)[0]!, reg: read(parts.kl)[0]! };
      };
      for (const certainty of [0, 2, 8]) {
        agree('L_recon', at(certainty, 0, 0).recon, 3 * Math.log(1 + Math.exp(-certainty)), 1e-5);
      }
      agree('L_reg at the prior', at(0, 0, 0).reg, 0, 1e-7);
      const random = new Random(5);
      for (let trial = 0; trial < 20; trial++) expect(at(0, random.normal(), random.normal()).reg).to.be.greaterThan(0);
    });
  });
});
