import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConditionalModel, load, Random } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import {
  logpdfBernoulli,
  logpdfDiagonalGaussian,
  sampleBernoulli,
  sampleDiagonalGaussian,
} from '@onnx-forge/models/vae-2d';
import {
  binarise,
  certifyRun,
  type DataSet,
  drawFigures,
  evaluateRun,
  loadDataSet,
  type Recipe,
  readLog,
  tf,
  train,
  useBackend,
} from '@onnx-forge/train';
import { dataFacts, subset, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine } from '@onnx-forge/train/engine';
import { normalQuantiles } from '@onnx-forge/train/kinds';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { evaluateInShards } from '@onnx-forge/train/shards';
import { expect } from 'chai';
import { rejection } from '../train/rejects.js';
import { checkFigures } from './figure-files.js';

const recipeOf = async (name: RecipeName): Promise<Recipe> => (await recipes[name]()).default;

/** Sizes that train in a moment. */
const SMALL: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  vae: { hiddenDim: 8, latentDim: 3 },
  'vae-2d': { hiddenDim: 8 },
  'vae-mlp': { hiddenDim: 8, latentDim: 3 },
  'vae-conv': { latentDim: 2 },
  iwae: { hiddenDim: 8, upperHiddenDim: 6, lowerDim: 3, upperDim: 2 },
  cvae: { units: 8, latentDim: 1 },
};

/** Figures that are quick to draw: not those of the estimators, which decode images by the hundred thousand. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  'vae-2d': ['dataSpace', 'latentSpace', 'classInterpolation', 'manifold'],
  'vae-mlp': ['snapshots', 'grids', 'gap'],
  iwae: ['samples', 'reconstructions', 'interpolation'],
  cvae: ['classStrip', 'classGrid', 'interpolation', 'perturbation'],
};

/** A part of the stand-in, made once: it takes seconds to draw whole. */
async function fewDigits(): Promise<DataSet> {
  const all = await loadDataSet('synthetic-digits');
  const { train, validation, test } = all.splits;
  const splits = { train: subset(train, 0, 300), validation: subset(validation, 0, 50), test: subset(test, 0, 50) };
  return { ...all, splits };
}

describe('the VAE family', () => {
  let folder: string;
  let digits: DataSet;
  const runOf = (name: string) => join(folder, name);

  before(async () => {
    await useBackend('cpu');
    digits = await fewDigits();
    folder = await mkdtemp(join(tmpdir(), 'onnx-forge-vaes-'));
    const small = Object.keys(FIGURES).map((name) => ({ name, recipe: name, set: {} }));
    const others = [
      { name: 'cvae-class', recipe: 'cvae', set: { prior: 'class', learningRate: 0.01 } },
      { name: 'iwae-1', recipe: 'iwae', set: { lowerDim: 1, upperDim: 1 } },
    ];
    for (const { name, recipe, set } of [...small, ...others]) {
      await train({
        recipe: await recipeOf(recipe as RecipeName),
        out: runOf(name),
        data: digits,
        set: { ...SMALL[recipe], batchSize: 100, epochs: 1, ...set },
        device: 'cpu',
        threads: 1,
        evaluate: false,
        figures: false,
      });
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const name of Object.keys(SMALL) as RecipeName[]) {
    for (const objective of name === 'iwae' ? ['joint', 'iwae', 'dreg'] : ['elbo', 'iwae', 'dreg']) {
      if (name === 'vae-conv' && objective === 'iwae') continue; // tfjs needs seconds for every image
      it(`${name}, ${objective}: the compiled step is tfjs's`, async () => {
        const recipe = await recipeOf(name);
        const batchSize = name === 'vae-conv' ? 1 : 5;
        const set = { ...SMALL[name], batchSize, objective, importanceSamples: objective === 'elbo' ? 1 : 2 };
        const options = recipeOptions(recipe, { set });
        const data = await recipeData(recipe, { data: digits, options });
        const parts = () => ({
          recipe,
          options,
          nets: recipe.nets(options, seededInitializers(new Random(1)), dataFacts(data)),
          random: new Random(2),
        });
        const eager = new EagerEngine(parts());
        const forCompiled = parts();
        const compiled = await CompiledEngine.compile(forCompiled, { batchSize, device: 'cpu', threads: 1 });
        const batches = new TrainingBatches(data.splits.train, { batchSize, seed: 1 });
        for (let iteration = 0; iteration < (name === 'vae-conv' ? 1 : 3); iteration++) {
          const { fields } = batches.next();
          const [want, have] = [await eager.run('elbo', fields), await compiled.run('elbo', fields)];
          for (const [metric, value] of Object.entries(want)) {
            expect(have[metric], metric).to.be.closeTo(value, 1e-4 * Math.max(1, Math.abs(value)));
          }
        }
        const [want, have] = [await eager.state(), await compiled.state()];
        for (const { name: weight } of networkWeights(forCompiled.nets)) {
          // Adam divides by the gradient's size: where that is next to nothing, a step may go either way.
          const apart = have[weight]!.data.filter((value, i) => Math.abs(value - want[weight]!.data[i]!) > 1e-4);
          expect(apart.length / have[weight]!.data.length, weight).to.be.at.most(0.01);
        }
        await eager.dispose();
        await compiled.dispose();
      });
    }
  }

  for (const [name, figures] of Object.entries(FIGURES) as [RecipeName, readonly string[]][]) {
    it(`${name} draws its figures from embedded data`, async () => {
      const recipe = await recipeOf(name);
      expect(Object.keys(recipe.figures)).to.include.members([...figures]);
      for (const only of figures) {
        const files = await drawFigures({ recipe, run: runOf(name), data: digits, only, device: 'cpu' });
        expect(files, only).to.not.have.length(0);
      }
      expect((await checkFigures(runOf(name))) > 0).to.equal(name !== 'cvae' && name !== 'iwae'); // theirs are grids
      expect(await readdir(join(runOf(name), 'figures'))).to.include.members(
        name === 'vae-mlp' ? ['snapshots-step-0.png', 'gap-gap.png', 'gap-bounds.png'] : [`${figures[0]}.png`],
      );
    });
  }

  it('vae-2d: the densities and samplers of the assignment', () => {
    const [z, mu, s2] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[0, 1]]), tf.tensor2d([[1, 4]])];
    const normal = (x: number, m: number, v: number) => -0.5 * (Math.log(2 * Math.PI * v) + (x - m) ** 2 / v);
    expect(logpdfDiagonalGaussian(z, mu, s2).dataSync()[0]).to.be.closeTo(normal(1, 0, 1) + normal(2, 1, 4), 1e-6);
    const bernoulli = logpdfBernoulli(tf.tensor2d([[1, 0]]), tf.tensor2d([[0.25, 0.125]]));
    expect(bernoulli.dataSync()[0]).to.be.closeTo(Math.log(0.25) + Math.log(0.875), 1e-6);
    const random = new Random(3);
    const filled = (fill: 'fillNormal' | 'fillUniform') => (shape: readonly number[]) =>
      tf.tensor(random[fill](new Float32Array(shape.reduce((a, b) => a * b, 1))), [...shape]);
    const rng = { normal: filled('fillNormal'), uniform: filled('fillUniform') };
    const draws = sampleDiagonalGaussian(tf.fill([20_000, 1], 3), tf.fill([20_000, 1], 4), rng);
    const { mean, variance } = tf.moments(draws);
    expect(mean.dataSync()[0]).to.be.closeTo(3, 0.05);
    expect(variance.dataSync()[0]).to.be.closeTo(4, 0.15);
    const bits = sampleBernoulli(tf.fill([20_000], 0.3), rng);
    expect([...new Set(bits.dataSync())].sort()).to.deep.equal([0, 1]);
    expect(bits.mean().dataSync()[0]).to.be.closeTo(0.3, 0.01);
    expect(Array.from(sampleBernoulli(tf.tensor1d([0, 1, 0, 1]), rng).dataSync())).to.deep.equal([0, 1, 0, 1]);
  });

  it('vae-2d sees the first images only, rounded, in their order', async () => {
    const recipe = await recipeOf('vae-2d');
    const options = recipeOptions(recipe, { set: { trainingImages: 12 } });
    expect(options).to.include({ shuffle: false, objective: 'joint', batchSize: 100, epochs: 200 });
    const { splits } = await recipeData(recipe, { data: digits, options });
    expect(splits.train.size).to.equal(12);
    const batches = new TrainingBatches(splits.train, { batchSize: 5, seed: 1, shuffle: false });
    const order = Array.from({ length: 4 }, () => Array.from(batches.next().indices));
    expect(order).to.deep.equal([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ]);
    const image = new Float32Array(784);
    splits.train.fields.x!.read(0, image, 0);
    expect([...new Set(image)].sort()).to.deep.equal([0, 1]);
  });

  it('vae-2d logs the bound of the first minibatch, as it is before the updates of an epoch', async () => {
    const out = join(folder, 'first');
    const recipe = await recipeOf('vae-2d');
    const set = { hiddenDim: 8, batchSize: 100, epochs: 1, learningRate: 0.05 };
    await train({ recipe, out, data: digits, set, logEvery: 1, device: 'cpu', evaluate: false, figures: false });
    const log = await readLog(join(out, 'metrics.jsonl'));
    const [before, after] = log
      .filter(({ kind }) => kind === 'validation')
      .map(({ metrics }) => metrics.firstBatchElbo!);
    const loss = log.find(({ kind, step }) => kind === 'train' && step === 1)!.metrics['elbo/loss']!;
    // The same images and weights; one draw of z each.
    expect(before).to.be.closeTo(-loss, 3);
    const model = await load(out, { device: 'cpu' });
    if (model.kind !== 'latent') throw new Error(model.kind);
    const { splits } = await recipeData(recipe, { data: digits });
    const x = new Float32Array(100 * 784);
    for (let i = 0; i < 100; i++) splits.train.fields.x!.read(i, x, i * 784);
    expect(after).to.be.closeTo((await model.elbo(x, { samples: 20 })).mean, 3);
    expect(after).to.be.greaterThan(before! + 10);
    await model.dispose();
  });

  it('vae-2d tells how well the classes lie apart in its latent space', async () => {
    const recipe = await recipeOf('vae-2d');
    const measured = await evaluateRun({ recipe, run: runOf('vae-2d'), data: digits, samples: 2, device: 'cpu' });
    const found = measured.find(({ name }) => name === 'latentNeighbours (k=10)')!;
    expect(found).to.include({ unit: 'fraction', split: 'test', examples: 50 });
    expect(found.value).to.be.within(0.1, 1);
    const request = { recipe, run: runOf('vae-2d'), data: digits, samples: 2, examples: 2, device: 'cpu' } as const;
    const trained = await evaluateRun({ ...request, split: 'train' });
    // One half of the 300 training images asks the other.
    expect(trained.find(({ name }) => name === found.name)).to.include({ split: 'train', examples: 150 });
  });

  it('the manifold stands at the quantiles of the prior', () => {
    const [low, middle, high] = normalQuantiles(3) as [number, number, number];
    expect(middle).to.be.closeTo(0, 1e-3);
    expect(high).to.be.closeTo(0.967422, 1e-3); // the 5/6 quantile
    expect(low).to.be.closeTo(-high, 1e-3);
  });

  it('cvae trains on grey images, drawn anew; validation and test are drawn once', async () => {
    const recipe = await recipeOf('cvae');
    for (const data of [digits, binarise(digits, 'dynamic', 0)]) {
      const { name, splits } = await recipeData(recipe, { data });
      expect(name).to.equal('synthetic-digits+dynamic');
      expect([splits.train.fields.x!.binary, splits.test.fields.x!.binary]).to.deep.equal([false, true]);
    }
  });

  it('cvae is measured on training images that are drawn once, also in shards', async () => {
    const request = { recipe: await recipeOf('cvae'), run: runOf('cvae'), data: digits, device: 'cpu' } as const;
    const of = (data: DataSet) => evaluateRun({ ...request, data, split: 'train', samples: 2, examples: 6 });
    const measured = await of(digits);
    expect(measured.length).to.be.above(0);
    for (const { split, dataSet } of measured) {
      expect([split, dataSet]).to.deep.equal(['train', 'synthetic-digits+stochastic']);
    }
    expect(await of(binarise(digits, 'stochastic', 0))).to.deep.equal(measured);
    const shards = await evaluateInShards({ ...request, split: 'train', samples: 2, examples: 6, shards: 2 });
    expect(shards).to.deep.equal(measured);
    const [tested] = await evaluateRun({ ...request, samples: 2, examples: 6 });
    expect(tested!.dataSet).to.equal('synthetic-digits+dynamic');
  });

  /** log of the probability of a black and white image whose pixels are so probable. */
  const logBernoulli = (x: Float32Array, means: Float32Array) =>
    x.reduce((sum, pixel, d) => sum + Math.log(pixel === 1 ? means[d]! : 1 - means[d]!), 0);

  it('iwae with one dimension in each layer has the log p(x) that quadrature over both gives', async () => {
    const model = await load(runOf('iwae-1'), { device: 'cpu' });
    try {
      if (model.kind !== 'latent') throw new Error(model.kind);
      expect(model.manifest.serve).to.deep.include({ latentDim: 2, layers: [1, 1] });
      const data = await recipeData(await recipeOf('iwae'), { data: digits });
      const x = new Float32Array(3 * 784);
      for (let i = 0; i < 3; i++) data.splits.test.fields.x!.read(i, x, i * 784);
      const [steps, reach] = [61, 6];
      const grid = Array.from({ length: steps }, (_, i) => -reach + (2 * reach * i) / (steps - 1));
      const u = Float32Array.from(grid.flatMap((z2) => grid.flatMap((e) => [z2, e])));
      const { data: means } = await model.decode(u);
      const exact = Array.from({ length: 3 }, (_, n) => {
        const image = x.subarray(n * 784, (n + 1) * 784);
        let total = 0;
        for (let i = 0; i < steps ** 2; i++) {
          const log = logBernoulli(image, means.subarray(i * 784, (i + 1) * 784));
          const prior = -0.5 * (u[2 * i]! ** 2 + u[2 * i + 1]! ** 2) - Math.log(2 * Math.PI);
          total += Math.exp(log + prior + 400) * ((2 * reach) / (steps - 1)) ** 2;
        }
        return Math.log(total) - 400;
      });
      for (const estimator of ['importance', 'prior'] as const) {
        const { values } = await model.logLikelihood(x, { samples: 4000, estimator });
        for (const [n, value] of exact.entries()) expect(values[n], estimator).to.be.closeTo(value, 0.1);
      }
      const { values: bounds } = await model.elbo(x, { samples: 50 });
      for (const [n, value] of exact.entries()) expect(bounds[n]).to.be.lessThan(value + 0.3);
      // Annealing begins from the Gaussian that `encode` gives, which need not be the posterior.
      const { values } = await model.annealedLogLikelihood(x, { steps: 100, chains: 8 });
      for (const [n, value] of exact.entries()) expect(values[n], 'annealed').to.be.closeTo(value, 0.3);
    } finally {
      await model.dispose();
    }
  });

  it('numbers of a model with two layers say that its KL is of a draw, and by which posterior it codes', async () => {
    const of = async (name: 'iwae' | 'vae-2d') => {
      const request = { recipe: await recipeOf(name), run: runOf(name), data: digits, device: 'cpu' } as const;
      const measured = await evaluateRun({ ...request, samples: 2, examples: 2 });
      const sizes = { samples: 2, examples: 2, annealed: 2, steps: 2, chains: 1, compressed: 2 };
      const { measurements } = await certifyRun({ ...request, ...sizes });
      const method = (wanted: string) => measurements.find((one) => one.name === wanted)!.method;
      return [measured.find((one) => one.name === 'kl')!.samples, method('codedElbo'), method('codeExcess')];
    };
    const posteriors = 'ELBO of q(z1|x) q(z2|z1), code by the Gaussian of encode';
    expect(await of('iwae')).to.deep.equal([1, posteriors, `codeLength over -codedElbo: ${posteriors}`]);
    expect(await of('vae-2d')).to.deep.equal([undefined, undefined, 'codeLength over -codedElbo']);
  });

  it('cvae with a prior of the class moves it, and measures a KL to it', async () => {
    const [recipe, set] = [await recipeOf('cvae'), { ...SMALL.cvae, batchSize: 20, prior: 'class' }];
    const options = recipeOptions(recipe, { set: { ...set, averaging: 0.9 } });
    const data = await recipeData(recipe, { data: digits, options });
    const nets = recipe.nets(options, seededInitializers(new Random(1)), dataFacts(data));
    const engine = await CompiledEngine.compile(
      { recipe, options, nets, random: new Random(2) },
      { batchSize: 20, device: 'cpu', threads: 1 },
    );
    const before = Array.from((await engine.state())['prior/0/kernel']!.data);
    expect(before).to.deep.equal(new Array(20).fill(0));
    const { fields } = new TrainingBatches(data.splits.train, { batchSize: 20, seed: 1 }).next();
    await engine.run('elbo', fields);
    expect((await engine.state())['prior/0/kernel']!.data.some((value) => value !== 0)).to.equal(true);
    await engine.dispose();
  });

  for (const run of ['cvae', 'cvae-class'])
    describe(`a conditional model (${run})`, () => {
      let model: ConditionalModel;
      before(async () => {
        const loaded = await load(runOf(run), { device: 'cpu' });
        if (loaded.kind !== 'conditional') throw new Error(loaded.kind);
        model = loaded;
      });
      after(() => model.dispose());

      it('estimates the log p(x|y) that quadrature over its one latent dimension gives', async () => {
        const data = await recipeData(await recipeOf('cvae'), { data: digits });
        const count = 4;
        const x = new Float32Array(count * 784);
        const labels = new Int32Array(count);
        for (let i = 0; i < count; i++) {
          data.splits.test.fields.x!.read(i, x, i * 784);
          data.splits.test.fields.y!.read(i, labels, i);
        }
        const steps = 501;
        const grid = Float32Array.from({ length: steps }, (_, i) => -7 + (14 * i) / (steps - 1));
        const exact: number[] = [];
        for (let n = 0; n < count; n++) {
          const { data: means } = await model.decode(grid, labels[n]!);
          let total = 0;
          for (let i = 0; i < steps; i++) {
            let log = -0.5 * (grid[i]! ** 2 + Math.log(2 * Math.PI));
            for (let d = 0; d < 784; d++) {
              const p = means[i * 784 + d]!;
              log += Math.log(x[n * 784 + d] === 1 ? p : 1 - p);
            }
            total += Math.exp(log + 400) * (14 / (steps - 1));
          }
          exact.push(Math.log(total) - 400);
        }
        for (const estimator of ['importance', 'prior'] as const) {
          const { values } = await model.logLikelihood(x, labels, { samples: 20_000, estimator });
          for (const [n, value] of exact.entries()) expect(values[n], estimator).to.be.closeTo(value, 0.1);
        }
        const { values: bounds } = await model.elbo(x, labels, { samples: 20 });
        for (const [n, value] of exact.entries()) expect(bounds[n]).to.be.lessThan(value + 0.5);
      });

      it('makes what it is asked for, and all classes in turn otherwise', async () => {
        const { z, images } = await model.sample(12);
        expect(await model.decode(z, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])).to.deep.equal(images);
        const threes = await model.sample(2, { labels: 3 });
        expect(await model.decode(threes.z, [3, 3])).to.deep.equal(threes.images);
      });

      it('keeps the class of a pair along its way, and of a vector in every perturbation', async () => {
        const [a, b] = [Float32Array.of(1, -1), Float32Array.of(0, 0.5)];
        const way = await model.interpolate(a, b, { labels: [4, 7], steps: 2 });
        const ends = await model.decode(Float32Array.of(0, 1, 0.5, -1), [4, 4, 7, 7]);
        expect(way.images.data).to.deep.equal(ends.data);
        const moved = await model.perturb(a, { labels: [4, 7], epsilon: [1, 2] });
        const expected = await model.decode(Float32Array.of(2, 0, 3, 1), [4, 7, 4, 7]);
        expect(moved.images.data).to.deep.equal(expected.data);
      });

      it('refuses what is no class, in one line', async () => {
        const [z, x] = [new Float32Array(2), new Float32Array(2 * 784)];
        const range = 'labels are the whole numbers 0 to 9';
        const cases: [() => Promise<unknown>, string][] = [
          [() => model.decode(z, [3, 10]), `label 10 of example 1 is no class: ${range}`],
          [() => model.sample(2, { labels: -1 }), `label -1 of example 0 is no class: ${range}`],
          [() => model.encode(x, [0, 1.5]), `label 1.5 of example 1 is no class: ${range}`],
          [() => model.logLikelihood(x, [1]), 'there are 2 examples but 1 labels'],
        ];
        for (const [act, message] of cases) expect((await rejection(act)).message).to.equal(message);
      });
    });
});
