import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  load,
  loadManifest,
  loadTrainable,
  type Model,
  type TrainableSession,
  type TrainingState,
} from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import {
  type DataSet,
  loadDataSet,
  type Recipe,
  type TrainRequest,
  type TrainResult,
  type tf,
  train,
} from '@onnx-forge/train';
import { TrainingBatches } from '@onnx-forge/train/data';
import { recipeData } from '@onnx-forge/train/recipe';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { needsDevice } from '../infer/webgpu.js';
import { rejection } from './rejects.js';
import { inTemporaryFolder, noisyRecipe, tinyData, tinyRecipe } from './tiny.js';

const STEPS_PER_EPOCH = 10;

const tiny = (request: Partial<TrainRequest> & { out: string }): Promise<TrainResult> =>
  train({
    recipe: tinyRecipe,
    data: tinyData(),
    evaluate: false,
    figures: false,
    device: 'cpu',
    saveStep: true,
    ...request,
  });

/** The batches that the trainer takes from this epoch on, as many as two epochs have. */
async function* batchesFrom(epoch: number): AsyncGenerator<{ x: Float32Array }> {
  const { splits } = await recipeData(tinyRecipe, { data: tinyData() });
  const batches = new TrainingBatches(splits.train, { batchSize: 8, seed: 1, position: { epoch, index: 0 } });
  for (let step = 0; step < 2 * STEPS_PER_EPOCH; step++) yield { x: (batches.next().fields.x as Float32Array).slice() };
}

async function goOn(session: TrainableSession): Promise<number[]> {
  const losses: number[] = [];
  for await (const batch of batchesFrom(2)) losses.push((await session.step(batch)).loss!);
  return losses;
}

/** Images of the test split, [20, 16]. */
async function images(): Promise<Float32Array[]> {
  const { test } = (await recipeData(tinyRecipe, { data: tinyData() })).splits;
  return Array.from({ length: test.size }, (_, index) => {
    const image = new Float32Array(16);
    test.fields.x!.read(index, image, 0);
    return image;
  });
}

async function elboOf(model: Model): Promise<number> {
  if (model.kind !== 'latent') throw new Error(model.kind);
  return (await model.elbo(await images(), { samples: 50, seed: 1 })).mean;
}

function worstDifference(a: TrainingState, b: TrainingState): number {
  expect(Object.keys(a).sort()).to.deep.equal(Object.keys(b).sort());
  return Math.max(
    ...Object.entries(a).flatMap(([name, { data }]) =>
      Array.from(data, (value, i) => Math.abs(value - b[name]!.data[i]!)),
    ),
  );
}

describe('a run with its training step', () => {
  for (const [what, averaging, recipe] of [
    ['', 0, tinyRecipe],
    [', running averages of the weights included', 0.9, tinyRecipe],
    [', with tfjs’s dropout and noise layers and Adagrad', 0, noisyRecipe()],
  ] as const) {
    it(`goes on without tfjs as the trainer would, bit for bit${what}`, () =>
      inTemporaryFolder(async (folder) => {
        const [half, whole] = [join(folder, 'half'), join(folder, 'whole')];
        await tiny({ recipe, out: half, set: { averaging } });
        await tiny({ recipe, out: whole, set: { averaging, epochs: 4 } });
        await using session = await loadTrainable(half, { device: 'cpu' });
        const losses = await goOn(session);
        expect(losses.at(-1)).to.be.below(losses[0]!);
        const { state, random } = (await loadCheckpoint(whole))!;
        expect(await session.state()).to.deep.equal(state);
        const files = await session.files();
        const manifest = JSON.parse(new TextDecoder().decode(files.get('manifest.json')));
        expect(manifest.training.random).to.deep.equal(random);
        // The graphs that the trainer exports from these weights are the same files.
        const { graphs } = await loadManifest(whole);
        expect(manifest.graphs).to.deep.equal(graphs);
        for (const { file } of Object.values(graphs)) {
          expect(Buffer.compare(Buffer.from(files.get(file)!), await readFile(join(whole, file)))).to.equal(0);
        }
      }));
  }

  it('gives a better model, and files that load and go on', () =>
    inTemporaryFolder(async (folder) => {
      const [out, tuned] = [join(folder, 'run'), join(folder, 'tuned')];
      await tiny({ out, set: { epochs: 1 } });
      await using before = await load(out, { device: 'cpu' });
      const loading = new AbortController();
      await using session = await loadTrainable(out, { device: 'cpu', seed: 3, signal: loading.signal });
      loading.abort(); // it is loaded: this changes nothing any more
      for (let round = 0; round < 5; round++) await goOn(session);
      await using after = await session.model();
      const gained = (await elboOf(after)) - (await elboOf(before));
      expect(gained, 'nats per image').to.be.above(1);
      for (const [file, bytes] of await session.files()) {
        await mkdir(dirname(join(tuned, file)), { recursive: true });
        await writeFile(join(tuned, file), bytes);
      }
      await using loaded = await load(tuned, { device: 'cpu' });
      expect(await elboOf(loaded)).to.equal(await elboOf(after));
      expect(loaded.manifest).to.deep.include({ metrics: [], fineTuned: { elbo: 100 } });
      await using again = await loadTrainable(tuned, { device: 'cpu' });
      const [batch] = [(await batchesFrom(0).next()).value!];
      expect(await again.step(batch)).to.deep.equal(await session.step(batch));
      // A model stays what it was when it was made.
      expect(await elboOf(after)).to.equal(await elboOf(loaded));
    }));

  it('goes back to a state; a learning rate of 0 changes no weight', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out });
      await using session = await loadTrainable(out, { device: 'cpu' });
      const start = await session.state();
      const { x } = (await batchesFrom(0).next()).value!;
      await session.step({ x }, { learningRateFactor: 0 });
      const weights = (state: TrainingState) => Object.entries(state).filter(([name]) => /coder/.test(name));
      expect(weights(await session.state())).to.deep.equal(weights(start));
      await session.step({ x });
      expect(weights(await session.state())).to.not.deep.equal(weights(start));
      await session.restore(start);
      expect(await session.state()).to.deep.equal(start);
    }));

  it('runs on WebGPU as on the CPU', async function () {
    await needsDevice(this, 'webgpu');
    await inTemporaryFolder(async (out) => {
      await tiny({ out });
      await using cpu = await loadTrainable(out, { device: 'cpu' });
      await using gpu = await loadTrainable(out, { device: 'webgpu' });
      const [a, b] = [await goOn(cpu), await goOn(gpu)];
      for (const [step, loss] of a.entries()) expect(b[step]).to.be.closeTo(loss, 1e-3 * Math.abs(loss));
      expect(worstDifference(await cpu.state(), await gpu.state())).to.be.below(1e-3);
      await using model = await gpu.model();
      await using same = await cpu.model();
      expect(await elboOf(model)).to.be.closeTo(await elboOf(same), 1e-2);
    });
  });

  it('keeps the order of calls that overlap', () =>
    inTemporaryFolder(async (out) => {
      await tiny({ out });
      await using one = await loadTrainable(out, { device: 'cpu' });
      await using all = await loadTrainable(out, { device: 'cpu' });
      const batches: { x: Float32Array }[] = [];
      for await (const batch of batchesFrom(2)) batches.push(batch);
      const overlapping = await Promise.all(batches.map(async (batch) => (await all.step(batch)).loss!));
      expect(overlapping).to.deep.equal(await goOn(one));
    }));

  it('has several steps where the recipe has, made of standard operators', () =>
    inTemporaryFolder(async (out) => {
      const { default: recipe } = await recipes.gan();
      const data = await loadDataSet(recipe.data.embedded);
      const few = { ...data.splits.train, size: 16 };
      const small: DataSet = { ...data, splits: { train: few, validation: few, test: few } };
      const request = { recipe, data: small, out, maxSteps: 1, set: { batchSize: 8 }, saveStep: true } as const;
      await train({ ...request, evaluate: false, figures: false, device: 'cpu' });
      await using session = await loadTrainable(out, { device: 'cpu' });
      expect(session.steps).to.deep.equal(['discriminator', 'generator']);
      const before = await session.state();
      const x = new Float32Array(8 * 784);
      expect((await rejection(() => session.step({ x }))).message).to.include('discriminator, generator');
      expect(await session.step({ x }, { name: 'discriminator' })).to.have.property('loss').that.is.finite;
      expect(await session.step({}, { name: 'generator' })).to.have.property('loss').that.is.finite;
      const after = await session.state();
      const moved = Object.keys(after).filter((name) => after[name]!.data.some((v, i) => v !== before[name]!.data[i]));
      expect(moved.filter((name) => name.startsWith('generator/'))).to.not.be.empty;
      expect(moved.filter((name) => name.startsWith('discriminator/'))).to.not.be.empty;
      for (const { file } of Object.values(session.manifest.training.steps)) {
        expect((await readFile(join(out, file))).includes('nchwc')).to.equal(false);
      }
      await using model = await session.model();
      if (model.kind !== 'generator') throw new Error(model.kind);
      expect((await model.sample(2)).images.data.every(Number.isFinite)).to.equal(true);
    }));

  describe('refuses in one line', () => {
    it('batches of another size, shape or content', () =>
      inTemporaryFolder(async (out) => {
        await tiny({ out });
        await using session = await loadTrainable(out, { device: 'cpu' });
        expect(session.inputs()).to.deep.equal({ x: { dtype: 'float32', shape: [8, 16] } });
        const message = async (x: Float32Array | Float32Array[] | undefined) =>
          (await rejection(() => session.step(x ? { x } : {}))).message;
        expect(await message(new Float32Array(7 * 16)))
          .to.include('7 examples')
          .and.include('exactly 8');
        expect(await message(new Float32Array(100))).to.include('rows of 16');
        expect(await message([new Float32Array(15)])).to.include('row 0 must have 16 elements');
        expect(await message(new Float32Array(8 * 16).fill(Number.NaN))).to.include('NaN');
        expect(await message(undefined))
          .to.include("needs 'x'")
          .and.include('[8, 16]');
        expect((await rejection(() => session.step({}, { name: 'elb' }))).message).to.include('steps: elbo');
        const x = new Float32Array(8 * 16);
        expect((await rejection(() => session.step({ x }, { learningRateFactor: -1 }))).code).to.equal('bad-input');
        await session.dispose();
        expect((await rejection(() => session.step({ x }))).code).to.equal('disposed');
      }));

    it('runs without their step, with a damaged state, or with a manifest that does not fit', () =>
      inTemporaryFolder(async (out) => {
        await tiny({ out, saveStep: false });
        const refused = await rejection(() => loadTrainable(out));
        expect(refused.code).to.equal('not-trainable');
        expect(refused.message).to.include('--save-step');
        await tiny({ out, resume: true });
        const path = join(out, 'manifest.json');
        const text = await readFile(path, 'utf8');
        const manifest = JSON.parse(text);
        manifest.training.weights.encode['encoder/0/kernel'] = 1e9;
        await writeFile(path, JSON.stringify(manifest));
        const misfit = await rejection(() => loadTrainable(out));
        expect(misfit.code).to.equal('manifest-invalid');
        expect(misfit.message).to.include('encoder/0/kernel');
        manifest.training.steps.elbo.file = '../outside.onnx';
        await writeFile(path, JSON.stringify(manifest));
        expect((await rejection(() => load(out))).message).to.include('training.steps.elbo.file');
        await writeFile(path, text);
        await writeFile(join(out, 'graphs', 'training.safetensors'), 'something else');
        expect((await rejection(() => loadTrainable(out))).code).to.equal('graph-hash');
      }));

    it('the eager engine, which has no graph of its step', () =>
      inTemporaryFolder(async (out) => {
        expect((await rejection(() => tiny({ out, engine: 'eager' }))).message).to.include('compiled');
      }));

    it('graphs that hold numbers computed from weights, which further training could not change', () =>
      inTemporaryFolder(async (out) => {
        const recipe: Recipe = {
          ...tinyRecipe,
          serves(nets, options, facts) {
            const served = tinyRecipe.serves(nets, options, facts);
            const { variable } = nets.encoder!.weights[0]!;
            const run = ({ x }: Record<string, tf.Tensor>) => ({
              y: x!.mul(variable.dataSync()[0]!),
            });
            return { ...served, graphs: { ...served.graphs, scaled: { inputs: { x: ['batch', 16] }, run } } };
          },
        };
        const error = await rejection(() => tiny({ out, recipe }));
        expect(error.code).to.equal('graph-folds-weights');
        expect(error.message).to.include("'scaled'");
      }));
  });
});
