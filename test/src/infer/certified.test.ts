import { InputError, type LatentModel, load, paretoK, Random, RunFolderError } from '@onnx-forge/infer';
import { expect } from 'chai';
import { bernoulliRun, exactLogLikelihood as integrated, PIXELS } from './bernoulli-model.js';
import { rejection } from './rejection.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from './run-folder.js';

/** All 64 images of six black and white pixels. */
const ALL = Array.from({ length: 64 }, (_, n) => Array.from({ length: PIXELS }, (_, bit) => (n >> bit) & 1));

const EXACT = ALL.map(integrated);

function exactLogLikelihood(x: ArrayLike<number>): number {
  return EXACT[Array.from(x).reduce((sum, bit, at) => sum + (bit << at), 0)]!;
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('infer: likelihoods of a Bernoulli model whose log p(x) is known by quadrature', () => {
  const folders = new TemporaryFolders();
  let folder: string;
  let model: LatentModel;

  before(async () => {
    folder = folders.make();
    writeRun(folder, bernoulliRun());
    model = (await load(folder, { device: 'cpu' })) as LatentModel;
  });

  after(async () => {
    await model.dispose();
    folders.remove();
  });

  it('the probabilities of all images sum to 1', () => {
    expect(ALL.reduce((sum, x) => sum + Math.exp(exactLogLikelihood(x)), 0)).to.be.closeTo(1, 1e-9);
  });

  for (const from of ['posterior', 'prior'] as const) {
    for (const seed of [1, 2, 3]) {
      it(`annealing from the ${from} finds log p(x) of every image, seed ${seed}`, async () => {
        const found = await model.annealedLogLikelihood(ALL, { steps: 60, chains: 30, leapfrog: 3, from, seed });
        const errors = ALL.map((x, i) => found.values[i]! - exactLogLikelihood(x));
        expect(Math.max(...errors.map(Math.abs))).to.be.below(0.6);
        expect(mean(errors)).to.be.within(-0.05, 0.03);
        expect(found.mean).to.be.closeTo(mean(found.values), 1e-9);
        expect(found).to.include({ steps: 60, chains: 30, leapfrog: 3, from, seed });
        expect(found.acceptance).to.be.within(0.5, 0.9);
      });
    }
  }

  it('the exact log p(x) of simulated images lies between the bounds, and the gap closes with more steps', async () => {
    const sandwich = (steps: number) => model.likelihoodSandwich(200, { steps, chains: 1, leapfrog: 4, seed: 5 });
    const [few, many] = [await sandwich(5), await sandwich(80)];
    for (const { images, lower, upper, gap } of [few, many]) {
      const exact = Array.from({ length: 200 }, (_, i) =>
        exactLogLikelihood(images.data.subarray(i * PIXELS, (i + 1) * PIXELS)),
      );
      expect(lower.mean).to.be.below(mean(exact) + 3 * lower.standardError);
      // Paired by image: the error of the mean is that of the weights alone.
      const below = exact.map((value, i) => value - lower.values[i]!);
      const above = exact.map((value, i) => upper.values[i]! - value);
      const error = (values: number[]) =>
        Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length);
      expect(mean(below)).to.be.above(-4.5 * error(below));
      expect(mean(above)).to.be.above(-4.5 * error(above));
      expect(gap.mean).to.be.closeTo(mean(below) + mean(above), 1e-9);
    }
    expect(few.gap.mean).to.be.above(4 * few.gap.standardError);
    expect(many.gap.mean).to.be.below(few.gap.mean / 2);
    expect(many.gap.mean).to.be.within(-0.05, 0.1);
  });

  it('simulated images come as often as the model makes them', async () => {
    const { images } = await model.likelihoodSandwich(4000, { steps: 1, chains: 1, leapfrog: 1, seed: 8 });
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 4000; i++) {
      counts[images.data.subarray(i * PIXELS, (i + 1) * PIXELS).reduce((sum, bit, at) => sum + (bit << at), 0)]!++;
    }
    ALL.forEach((x, n) => {
      const p = Math.exp(exactLogLikelihood(x));
      expect(counts[n]! / 4000).to.be.closeTo(p, 4.5 * Math.sqrt((p * (1 - p)) / 4000));
    });
  });

  it('equal seeds give equal numbers, and settings that make no sense are refused', async () => {
    const bounds = (seed: number) => model.annealedLogLikelihood(ALL.slice(0, 3), { steps: 3, seed });
    expect(Array.from((await bounds(1)).values)).to.deep.equal(Array.from((await bounds(1)).values));
    expect(Array.from((await bounds(1)).values)).not.to.deep.equal(Array.from((await bounds(2)).values));
    for (const options of [{ steps: 0 }, { chains: 401 }, { leapfrog: 0.5 }, { from: 'nowhere' as 'prior' }]) {
      await rejection(InputError, model.annealedLogLikelihood(ALL, options));
      await rejection(InputError, model.likelihoodSandwich(3, options));
    }
  });

  /** Draws of the model's own images: what its code is made for. */
  const made = async (count: number, seed: number) =>
    (await model.likelihoodSandwich(count, { steps: 1, chains: 1, leapfrog: 1, seed })).images.data;

  for (const seed of [1, 2, 3]) {
    it(`images come back bit for bit, in about minus the ELBO, seed ${seed}`, async () => {
      const x = await made(2000, seed);
      const { bytes, images, bits, borrowedBits, natsPerImage } = await model.compress(x, { seed });
      expect(images).to.equal(2000);
      expect(bits).to.be.within(8 * (bytes.length - 36), 8 * (bytes.length - 36) + 48);
      const back = await model.decompress(bytes);
      expect(back.dims).to.deep.equal([2000, PIXELS]);
      expect(back.data).to.deep.equal(x);
      // The ELBO exactly: q is Gaussian with variance 1/2, and the integral over it is one of two dimensions.
      const elbo = mean(await elbos(model, x));
      expect(natsPerImage).to.be.closeTo(-elbo, 0.015 * -elbo);
      expect(borrowedBits).to.be.within(1, 100);
    });
  }

  it('the code is longer than log p(x), by the KL divergence of q', async () => {
    const x = await made(2000, 4);
    const { natsPerImage } = await model.compress(x);
    const exact = mean(
      Array.from({ length: 2000 }, (_, i) => exactLogLikelihood(x.subarray(i * PIXELS, (i + 1) * PIXELS))),
    );
    expect(natsPerImage).to.be.above(-exact);
  });

  it('damaged files, files of another model and grey images are refused', async () => {
    const { bytes } = await model.compress(ALL);
    const changed = (at: number) => Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte));
    for (let at = 28; at < bytes.length; at += 5) {
      await rejection(InputError, model.decompress(changed(at)));
    }
    const other = await rejection(InputError, model.decompress(changed(21)));
    expect(other.message).to.include('graphs of another run');
    const grey = await rejection(InputError, model.compress([[0, 1, 0.5, 0, 0, 1]]));
    expect(grey.message).to.include('row 0 has a pixel of 0.5');
    await rejection(InputError, model.compress(ALL, { latentBits: 17 }));
  });

  it('a run without the graph of gradients says so; without Bernoulli pixels, too', async () => {
    const { logConditionalGradient: _, ...graphs } = bernoulliRun().graphs;
    const old = folders.make();
    writeRun(old, { ...bernoulliRun(), graphs });
    await using without = (await load(old, { device: 'cpu' })) as LatentModel;
    const missing = await rejection(RunFolderError, without.annealedLogLikelihood(ALL));
    expect([missing.code, missing.message.includes('--resume')]).to.deep.equal(['graph-missing', true]);
    const gaussian = folders.make();
    writeRun(gaussian, linearGaussianRun());
    await using continuous = (await load(gaussian, { device: 'cpu' })) as LatentModel;
    for (const call of [continuous.compress([[0, 0, 0, 0, 0]]), continuous.likelihoodSandwich(3)]) {
      expect((await rejection(InputError, call)).message).to.include('needs Bernoulli pixels');
    }
  });

  it('units are active by the variance of the posterior mean, in closed form', async () => {
    // mu = x E: over all images pixels are independent with variance 1/4 (64/63 for a sample).
    const { count, variances, threshold, examples } = await model.activeUnits(ALL);
    const { mu } = await model.encode(ALL);
    const first = Array.from({ length: 64 }, (_, i) => mu.data[2 * i]!);
    const expected = [1.5, -2, 0.7, 2.2, -1, 0.3].reduce((sum, w) => sum + (0.2 * w) ** 2 / 4, 0) * (64 / 63);
    expect(variances[0]).to.be.closeTo(expected, 1e-6);
    expect(mean(first.map((value) => (value - mean(first)) ** 2)) * (64 / 63)).to.be.closeTo(expected, 1e-6);
    expect([count, threshold, examples]).to.deep.equal([2, 0.01, 64]);
    expect((await model.activeUnits([ALL[3]!, ALL[3]!])).count).to.equal(0);
    await rejection(InputError, model.activeUnits([ALL[0]!]));
  });
});

/** E_q[log p(x|z)] - KL per image by quadrature over q = N(mu, 1/2), through the model's own decoder. */
async function elbos(model: LatentModel, x: Float32Array): Promise<number[]> {
  const { mu } = await model.encode(x);
  const [steps, width] = [24, 12];
  const h = width / steps;
  const nodes = Array.from({ length: steps + 1 }, (_, i) => i * h - width / 2);
  const cached = new Map<string, number>();
  const found: number[] = [];
  for (let n = 0; n < x.length / PIXELS; n++) {
    const image = x.subarray(n * PIXELS, (n + 1) * PIXELS);
    const key = image.join('');
    if (!cached.has(key)) {
      const [m0, m1] = [mu.data[2 * n]!, mu.data[2 * n + 1]!];
      const z = nodes.flatMap((a) => nodes.map((b) => [m0 + Math.SQRT1_2 * a, m1 + Math.SQRT1_2 * b]));
      const means = (await model.decode(z)).data;
      let total = 0;
      nodes.forEach((a, i) => {
        nodes.forEach((b, j) => {
          const at = (i * nodes.length + j) * PIXELS;
          let logP = 0;
          for (let d = 0; d < PIXELS; d++) logP += Math.log(image[d] === 1 ? means[at + d]! : 1 - means[at + d]!);
          total += ((Math.exp(-(a * a + b * b) / 2) * h * h) / (2 * Math.PI)) * logP;
        });
      });
      const kl = [m0, m1].reduce((sum, m) => sum + (0.5 + m * m - 1 - Math.log(0.5)) / 2, 0);
      cached.set(key, total - kl);
    }
    found.push(cached.get(key)!);
  }
  return found;
}

describe('infer: k-hat beside the K-sample bound', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());

  it('is that of the weights themselves, and low for a proposal that fits', async () => {
    const folder = folders.make();
    writeRun(folder, linearGaussianRun());
    await using model = (await load(folder, { device: 'cpu' })) as LatentModel;
    const x = new Float32Array(5).map(() => 0.5);
    const samples = 500;
    const { paretoKs } = await model.logLikelihood(x, { samples, seed: 3 });
    // The same draws, of the first example's own stream, weighed by the graph itself.
    const noise = new Random(3)
      .fork('importance')
      .fork('0')
      .fillNormal(new Float32Array(samples * 2));
    const { mu, logVar } = await model.encode(x);
    const { logWeights } = await model.run('logWeights', {
      x: { type: 'float32', dims: [1, 5], data: x },
      ...{ mu, logVar, noise: { type: 'float32', dims: [1, samples, 2], data: noise } },
    });
    expect(paretoKs[0]).to.equal(paretoK(logWeights!.data as Float32Array));
    expect(paretoKs[0]).to.be.below(0.5);
    const few = await model.logLikelihood(x, { samples: 20 });
    expect(few.paretoKs[0]).to.equal(Number.POSITIVE_INFINITY);
  });
});
