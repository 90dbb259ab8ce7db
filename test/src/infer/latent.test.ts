import {
  AbortError,
  combineLogLikelihoods,
  DisposedError,
  InputError,
  type LatentModel,
  type LogLikelihoodOptions,
  type LogLikelihoodPart,
  load,
  RunFolderError,
  WeightSums,
} from '@onnx-forge/infer';
import { expect } from 'chai';
import { linearGaussian, referenceCase } from './linear-gaussian.js';
import { rejection } from './rejection.js';
import { linearGaussianRun, TemporaryFolders, writeManifest, writeRun } from './run-folder.js';
import { needsDevice } from './webgpu.js';

const exact = linearGaussian();
const x = Float32Array.from(exact.x.flat());

/** The examples over and over: many independent estimates of the same four numbers. */
function repeated(times: number): Float32Array {
  const data = new Float32Array(x.length * times);
  for (let i = 0; i < times; i++) data.set(x, i * x.length);
  return data;
}

const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe('infer: importance weights', () => {
  it('agree with values computed independently in float64', () => {
    const reference = referenceCase<{ logWeights: number[][] }, { logLikelihood: number[]; ess: number[] }>(
      'importanceWeights',
    );
    reference.in.logWeights.forEach((logWeights, row) => {
      const sums = new WeightSums();
      for (const logWeight of logWeights) sums.add(logWeight);
      expect(sums.logMean).to.be.closeTo(reference.out.logLikelihood[row]!, 1e-12);
      expect(sums.effectiveSampleSize).to.be.closeTo(reference.out.ess[row]!, 1e-12);
    });
  });

  it('neither overflow nor depend on the order', () => {
    for (const logWeights of [
      [-1000, -1001, -1e5],
      [-1e5, -1001, -1000],
      [5000, 4999, -Infinity],
    ]) {
      const sums = new WeightSums();
      for (const logWeight of logWeights) sums.add(logWeight);
      const top = Math.max(...logWeights);
      expect(sums.logMean).to.be.closeTo(top + Math.log((1 + Math.exp(-1)) / 3), 1e-9);
      expect(sums.effectiveSampleSize).to.be.closeTo((1 + Math.exp(-1)) ** 2 / (1 + Math.exp(-2)), 1e-12);
    }
  });

  it('have an effective sample size of K when equal, and no error', () => {
    const sums = new WeightSums();
    for (let k = 0; k < 50; k++) sums.add(-90);
    expect([sums.logMean, sums.effectiveSampleSize, sums.standardError]).to.deep.equal([-90, 50, 0]);
  });

  it('say so when all are zero', () => {
    const sums = new WeightSums();
    sums.add(-Infinity);
    expect([sums.logMean, sums.meanLog, sums.effectiveSampleSize]).to.deep.equal([-Infinity, -Infinity, 0]);
  });
});

describe('infer: LatentModel, against a linear-Gaussian model', () => {
  const folders = new TemporaryFolders();
  let model: LatentModel;

  before(async () => {
    const folder = folders.make();
    writeRun(folder, linearGaussianRun());
    model = (await load(folder, { device: 'cpu' })) as LatentModel;
  });

  after(async () => {
    await model.dispose();
    folders.remove();
  });

  it('encodes and decodes', async () => {
    const { mu, logVar } = await model.encode(x);
    expect(mu.dims).to.deep.equal([4, 2]);
    exact.posteriorMean.flat().forEach((value, i) => {
      expect(mu.data[i]).to.be.closeTo(value, 1e-5);
    });
    exact.posteriorCovariance.forEach((row, i) => {
      expect(logVar.data[i]).to.be.closeTo(Math.log(2 * row[i]!), 1e-5);
    });
    const decoded = await model.decode([[0, 0], Float32Array.of(1, 0)]);
    expect(decoded.dims).to.deep.equal([2, 5]);
    exact.b.forEach((value, d) => {
      expect(decoded.data[d]).to.be.closeTo(value, 1e-6);
      expect(decoded.data[5 + d]).to.be.closeTo(value + exact.W[d]![0]!, 1e-6);
    });
  });

  it('estimates the exact log p(x) by importance sampling', async () => {
    const result = await model.logLikelihood(x, { samples: 20_000, seed: 3 });
    exact.logP.forEach((logP, i) => {
      expect(result.values[i]).to.be.closeTo(logP, 4.5 * result.errors[i]!);
      expect(result.errors[i]).to.be.lessThan(0.01);
      expect(result.effectiveSampleSizes[i]).to.be.within(10_000, 20_000); // the proposal is close to the posterior
    });
    expect(result.mean).to.be.closeTo(mean(exact.logP), 0.02);
    expect(result.mean).to.be.closeTo(mean(result.values), 1e-12);
    const spread = mean(result.values.map((value) => (value - result.mean) ** 2)) * (4 / 3);
    expect(result.standardError).to.be.closeTo(Math.sqrt(spread / 4), 1e-9);
  });

  it('estimates it from the prior too, slower', async () => {
    const result = await model.logLikelihood(x, { samples: 100_000, seed: 4, estimator: 'prior' });
    exact.logP.forEach((logP, i) => {
      expect(result.values[i]).to.be.closeTo(logP, 5 * result.errors[i]!);
    });
    const importance = await model.logLikelihood(x, { samples: 100_000, seed: 4 });
    importance.effectiveSampleSizes.forEach((size, i) => {
      expect(result.effectiveSampleSizes[i]).to.be.lessThan(size);
    });
  });

  it('rises with K on average, and never passes log p(x)', async () => {
    const data = repeated(2000);
    const target = mean(exact.logP);
    let last = -Infinity;
    for (const samples of [1, 2, 5, 20, 100]) {
      const result = await model.logLikelihood(data, { samples, seed: 5 });
      expect(result.mean, `K = ${samples}`)
        .to.be.greaterThan(last)
        .and.lessThan(target + 0.005);
      last = result.mean;
    }
    expect(last).to.be.closeTo(target, 0.01);
  });

  it('has an ELBO that is the estimate at K = 1, on average, and log p(x) - KL(q || posterior)', async () => {
    const data = repeated(5000);
    const bound = await model.elbo(data, { seed: 6 });
    const single = await model.logLikelihood(data, { samples: 1, seed: 7 });
    expect(bound.mean).to.be.closeTo(single.mean, 0.03);
    expect(bound.mean).to.be.closeTo(bound.reconstruction - bound.kl, 1e-5);
    // KL between two Gaussians of equal mean: q is diagonal with twice the posterior's marginal variances
    const [[a, c], [, b]] = exact.posteriorCovariance as [[number, number], [number, number]];
    const determinant = a * b - c * c;
    const trace = (2 * a * b + 2 * b * a) / determinant;
    const kl = 0.5 * (trace - 2 + Math.log(determinant / (2 * a * 2 * b)));
    expect(bound.mean).to.be.closeTo(mean(exact.logP) - kl, 0.03);
    const averaged = await model.elbo(x, { samples: 4000, seed: 8 });
    expect(averaged.mean).to.be.closeTo(mean(exact.logP) - kl, 0.05);
    // The mean of the same log weights whose mean weight estimates log p(x): the gap is KL(q || posterior).
    const both = await model.logLikelihood(x, { samples: 20_000, seed: 8 });
    expect(both.bound).to.be.closeTo(mean(both.bounds), 1e-12);
    expect(both.mean - both.bound).to.be.closeTo(kl, 0.02);
    expect(single.bounds).to.deep.equal(single.values);
  });

  it('has standard errors that tell the spread of repeated estimates', async () => {
    const times = 1000;
    const { values, errors } = await model.logLikelihood(repeated(times), { samples: 50, seed: 9 });
    for (let i = 0; i < 4; i++) {
      const own = Array.from({ length: times }, (_, t) => values[t * 4 + i]!);
      const centre = mean(own);
      const spread = Math.sqrt(mean(own.map((value) => (value - centre) ** 2)));
      const told = mean(Array.from({ length: times }, (_, t) => errors[t * 4 + i]!));
      expect(told / spread).to.be.within(0.85, 1.15);
    }
  });

  it('gives the same numbers for the same seed, however the work is divided', async () => {
    const data = repeated(10);
    const options: LogLikelihoodOptions = { samples: 30, seed: 10 };
    const whole = await model.logLikelihood(data, options);
    for (const batchSize of [1, 7, 40]) {
      const divided = await model.logLikelihood(data, { ...options, batchSize });
      divided.values.forEach((value, i) => {
        expect(value).to.be.closeTo(whole.values[i]!, 1e-5);
      });
      const prior = await model.logLikelihood(data, { ...options, estimator: 'prior', batchSize });
      for (let i = 4; i < 40; i++) expect(prior.values[i]).to.be.closeTo(prior.values[i % 4]!, 1e-5); // the same draws
    }
    expect(await model.logLikelihood(data, options)).to.deep.equal(whole);
    expect((await model.logLikelihood(data, { ...options, seed: 11 })).values).to.not.deep.equal(whole.values);
  });

  it('handles more draws than fit one call', async () => {
    // 5 pixels: a call holds 80,000 rows on the CPU
    const { values, errors } = await model.logLikelihood(x, { samples: 200_001, seed: 12 });
    exact.logP.forEach((logP, i) => {
      expect(values[i]).to.be.closeTo(logP, 5 * errors[i]!);
    });
  });

  it('of ranges of the examples combine to the very bits of all of them, wherever the ranges end', async () => {
    const data = repeated(25);
    for (const estimator of ['importance', 'prior'] as const) {
      const options = { samples: 30, seed: 5, batchSize: 16, estimator };
      const whole = await model.logLikelihood(data, options);
      for (const ends of [[100], [1, 50, 100], [16, 32, 99, 100], Array.from({ length: 100 }, (_, i) => i + 1)]) {
        const parts = [];
        for (const [i, to] of ends.entries()) {
          parts.push(await model.logLikelihood(data, { ...options, range: { from: ends[i - 1] ?? 0, to } }));
        }
        expect(combineLogLikelihoods(parts)).to.deep.equal(whole);
      }
    }
  });

  it('of ranges that are none, or that do not belong together, are refused', async () => {
    for (const range of [
      { from: 0, to: 5 },
      { from: 2, to: 2 },
      { from: -1, to: 2 },
      { from: 0.5, to: 2 },
    ]) {
      const refused = await rejection(InputError, model.logLikelihood(x, { range }));
      expect(refused.message).to.include('range must be {from, to} with 0 <= from < to <= 4');
    }
    const [one, other] = [await model.logLikelihood(x, { seed: 1 }), await model.logLikelihood(x, { seed: 2 })];
    expect(() => combineLogLikelihoods([one, other])).to.throw(InputError, 'seed 1 and 2');
    expect(() => combineLogLikelihoods([])).to.throw(InputError);
  });

  it('streams parts that make up the whole, and lets other work run', async () => {
    const data = repeated(50);
    const options = { samples: 2000, seed: 13, batchSize: 60 };
    const parts: LogLikelihoodPart[] = [];
    let turns = 0; // of the event loop
    const count = (): void => {
      turns++;
      turn = setImmediate(count);
    };
    let turn = setImmediate(count);
    for await (const part of model.logLikelihood.stream(data, options)) parts.push(part);
    clearImmediate(turn);
    expect(parts.map(({ start, done, total }) => [start, done, total])).to.deep.equal([
      [0, 60, 200],
      [60, 120, 200],
      [120, 180, 200],
      [180, 200, 200],
    ]);
    const whole = await model.logLikelihood(data, options);
    expect(parts.flatMap(({ values }) => [...values])).to.deep.equal([...whole.values]);
    expect(turns).to.be.at.least(parts.length);
  });

  it('reports progress and stops when told to', async () => {
    const done: number[] = [];
    const controller = new AbortController();
    const running = model.logLikelihood(repeated(50), {
      samples: 10,
      batchSize: 50,
      signal: controller.signal,
      onProgress: (progress) => {
        done.push(progress.done);
        if (progress.done === 100) controller.abort(new Error('enough'));
      },
    });
    const { cause } = await rejection(AbortError, running);
    expect(cause).to.be.an('error').with.property('message', 'enough');
    expect(done).to.deep.equal([50, 100]);
  });

  it('does not mix the results of overlapping calls', async () => {
    const seeds = [20, 21, 22];
    const alone: number[] = [];
    for (const seed of seeds) alone.push((await model.logLikelihood(x, { samples: 50, seed })).mean);
    const together = await Promise.all([
      ...seeds.map(async (seed) => (await model.logLikelihood(x, { samples: 50, seed })).mean),
      model.elbo(x),
      model.sample(3),
    ]);
    expect(together.slice(0, 3)).to.deep.equal(alone);
  });

  it('samples from the prior: the first of many are the same as few', async () => {
    const few = await model.sample(10, { seed: 5 });
    const many = await model.sample(20_000, { seed: 5 });
    expect(few.images.dims).to.deep.equal([10, 5]);
    expect(many.z.data.subarray(0, 20)).to.deep.equal(few.z.data);
    for (let d = 0; d < 5; d++) {
      const column = Float64Array.from({ length: 20_000 }, (_, i) => many.images.data[i * 5 + d]!);
      const variance = exact.W[d]!.reduce((sum, w) => sum + w * w, 0);
      expect(mean(column)).to.be.closeTo(exact.b[d]!, 4.5 * Math.sqrt(variance / 20_000));
    }
  });

  it('interpolates from b (alpha = 0) to a (alpha = 1), both ends included', async () => {
    const [a, b] = [Float32Array.of(1, 2), Float32Array.of(-3, 0.5)];
    const [first, second] = [await model.decode(a), await model.decode(b)];
    for (const space of ['latent', 'data'] as const) {
      const { alphas, images } = await model.interpolate(a, b, { space });
      expect(alphas).to.deep.equal([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
      expect(images.dims).to.deep.equal([1, 11, 5]);
      alphas.forEach((alpha, step) => {
        for (let d = 0; d < 5; d++) {
          // the decoder is linear, so both spaces must give the straight line
          expect(images.data[step * 5 + d]).to.be.closeTo(alpha * first.data[d]! + (1 - alpha) * second.data[d]!, 1e-5);
        }
      });
    }
    const pairs = await model.interpolate([a, b], [b, a], { steps: 3 });
    expect(pairs.images.dims).to.deep.equal([2, 3, 5]);
    expect([...pairs.images.data.subarray(0, 5)]).to.deep.equal([...pairs.images.data.subarray(25, 30)]);
  });

  it('perturbs each dimension and measures how active it is', async () => {
    const z = Float32Array.of(0.3, -0.2, 1, 1);
    const { dims, epsilons, base, images, change } = await model.perturb(z, { epsilon: [-2, 2] });
    expect(dims).to.deep.equal([0, 1]);
    expect(epsilons).to.deep.equal([-2, 2]);
    expect(images.dims).to.deep.equal([2, 2, 2, 5]);
    dims.forEach((dim, at) => {
      const expected = mean(exact.W.map((row) => 2 * Math.abs(row[dim]!)));
      expect(change[at]).to.be.closeTo(expected, 1e-5);
      epsilons.forEach((epsilon, e) => {
        for (let i = 0; i < 10; i++) {
          const moved = base.data[i]! + epsilon * exact.W[i % 5]![dim]!;
          expect(images.data[(at * 2 + e) * 10 + i]).to.be.closeTo(moved, 1e-5);
        }
      });
    });
    expect((await model.perturb(z, { dims: [1] })).images.dims).to.deep.equal([1, 1, 2, 5]);
  });

  describe('bad input', () => {
    const refuses = async (promise: Promise<unknown>, message: RegExp) =>
      expect((await rejection(InputError, promise)).message).to.match(message);

    it('names an array of the wrong size', async () => {
      await refuses(model.encode(new Float32Array(7)), /^x: an array of 7 elements does not hold rows of 5/);
      await refuses(model.encode(new Float32Array(0)), /^x: an array of 0 elements/);
      await refuses(model.encode([]), /^x must hold at least one row of 5 numbers/);
      await refuses(model.encode([[1, 2, 3, 4, 5], [1]]), /^x: row 1 must have 5 elements, not 1 elements/);
      await refuses(
        model.decode({ type: 'float32', dims: [2, 3], data: new Float32Array(6) }),
        /^z must be float32 \[rows, 2\]/,
      );
      await refuses(
        model.interpolate(
          [[0, 0]],
          [
            [0, 0],
            [1, 1],
          ],
        ),
        /^a has 1 rows and b has 2/,
      );
    });

    it('finds NaN and infinity', async () => {
      const spoiled = x.slice();
      spoiled[13] = Number.NaN;
      for (const call of [model.encode(spoiled), model.elbo(spoiled), model.logLikelihood(spoiled)]) {
        await refuses(call, /^x: element 3 of row 2 is NaN; values must be finite/);
      }
      await refuses(model.decode([[0, Infinity]]), /^z: element 1 of row 0 is Infinity/);
    });

    it('names a count or an option that makes no sense', async () => {
      for (const samples of [0, -5, 1.5, Number.NaN]) {
        await refuses(model.logLikelihood(x, { samples }), /^samples must be a whole number of at least 1/);
        await refuses(model.elbo(x, { samples }), /^samples must be/);
        await refuses(model.sample(samples), /^the number of samples must be/);
      }
      await refuses(model.logLikelihood(x, { batchSize: 0 }), /^batchSize must be/);
      await refuses(model.logLikelihood(x, { seed: 0.5 }), /^a seed must be/);
      await refuses(model.logLikelihood(x, { estimator: 'guess' as 'prior' }), /^estimator must be/);
      await refuses(model.interpolate([[0, 0]], [[1, 1]], { steps: 1 }), /^steps counts both ends/);
      await refuses(model.interpolate([[0, 0]], [[1, 1]], { space: 'pixel' as 'data' }), /^space must be/);
      await refuses(model.perturb([[0, 0]], { dims: [2] }), /no latent dimension 2; the dimensions are 0 to 1/);
      await refuses(model.perturb([[0, 0]], { dims: [] }), /^dims is empty/);
      await refuses(model.perturb([[0, 0]], { epsilon: Number.NaN }), /^epsilon must be/);
    });

    it('finds Bernoulli pixels outside [0, 1]', async () => {
      const folder = folders.make();
      const run = linearGaussianRun();
      const image = { ...run.serve.image, range: [0, 1] as const };
      writeRun(folder, { ...run, serve: { ...run.serve, image, likelihood: 'bernoulli' } });
      await using bernoulli = (await load(folder, { device: 'cpu' })) as LatentModel;
      await refuses(
        bernoulli.elbo(new Float32Array(5).fill(255)),
        /^x: element 0 of row 0 is 255; values must lie in \[0, 1\]/,
      );
    });

    it('tells which graph a method misses', async () => {
      const folder = folders.make();
      const manifest = writeRun(folder, linearGaussianRun());
      const { encode, decode } = manifest.graphs;
      writeManifest(folder, { ...manifest, graphs: { encode, decode } });
      await using small = (await load(folder, { device: 'cpu' })) as LatentModel;
      const error = await rejection(RunFolderError, small.logLikelihood(x));
      expect(error.message).to.match(/has no graph 'logWeights', which this needs/);
      expect((await small.sample(1)).images.dims).to.deep.equal([1, 5]);
    });

    it('says that the model was disposed', async () => {
      const folder = folders.make();
      writeRun(folder, linearGaussianRun());
      const gone = (await load(folder, { device: 'cpu' })) as LatentModel;
      const underWay = gone.encode(x);
      await gone.dispose();
      await underWay;
      await gone.dispose();
      for (const call of [
        gone.encode(x),
        gone.sample(1),
        gone.logLikelihood(x),
        gone.elbo(x),
        gone.perturb([[0, 0]]),
      ]) {
        expect((await rejection(DisposedError, call)).message).to.match(/^the model .* was disposed/);
      }
    });
  });

  for (const device of ['webgpu', 'cuda'] as const) {
    it(`agrees on cpu and ${device}`, async function () {
      await needsDevice(this, device);
      await using other = (await load(model.location, { device })) as LatentModel;
      expect(other.device).to.equal(device);
      const options = { samples: 500, seed: 14 };
      for (const estimator of ['importance', 'prior'] as const) {
        const [expected, found] = await Promise.all([
          model.logLikelihood(x, { ...options, estimator }),
          other.logLikelihood(x, { ...options, estimator }),
        ]);
        found.values.forEach((value, i) => {
          expect(value).to.be.closeTo(expected.values[i]!, 1e-4 * Math.abs(expected.values[i]!));
        });
      }
      const [one, two] = [await model.sample(50), await other.sample(50)];
      expect(two.z).to.deep.equal(one.z);
      two.images.data.forEach((value, i) => {
        expect(value).to.be.closeTo(one.images.data[i]!, 1e-5);
      });
      const [elbo, otherElbo] = [await model.elbo(x), await other.elbo(x)];
      expect(otherElbo.mean).to.be.closeTo(elbo.mean, 1e-3);
    });
  }
});
