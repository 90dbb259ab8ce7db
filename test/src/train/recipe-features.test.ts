import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadManifest, Random } from '@onnx-forge/infer';
import { fixedRate, type Recipe, readLog, type Step, tf, train, verifyRun } from '@onnx-forge/train';
import { dataFacts, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine, type Engine, type EngineState } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { RunFolder } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { tinyData, tinyRecipe } from './tiny.js';

const BATCH = 8;

function tinyWith(step: Partial<Step>): Recipe {
  return { ...tinyRecipe, steps: { elbo: { ...tinyRecipe.steps.elbo!, ...step } } };
}

async function engines(recipe: Recipe, set: Readonly<Record<string, unknown>> = {}) {
  const options = recipeOptions(recipe, { set });
  const parts = () => ({
    recipe,
    options,
    nets: recipe.nets(options, seededInitializers(new Random(1)), dataFacts({})),
    random: new Random(2),
  });
  const eager = parts();
  const weights = networkWeights(eager.nets).map(({ name }) => name);
  const compiled = await CompiledEngine.compile(parts(), { batchSize: BATCH, device: 'cpu', threads: 1 });
  const data = await recipeData(recipe, { data: tinyData() });
  const { fields } = new TrainingBatches(data.splits.train, { batchSize: BATCH, seed: 3 }).next();
  return { all: [new EagerEngine(eager), compiled] as Engine[], weights, fields };
}

/** The length of what one step adds to the weights that `chosen` picks. */
async function moved(engine: Engine, fields: Record<string, Float32Array>, names: readonly string[]): Promise<number> {
  const before = await engine.state();
  const kept = names.map((name) => before[name]!.data.slice());
  await engine.run('elbo', fields);
  const after = await engine.state();
  return Math.hypot(...names.flatMap((name, k) => Array.from(after[name]!.data, (value, i) => value - kept[k]![i]!)));
}

describe('what a recipe may say of its training', () => {
  it('one optimizer per network; a fixed rate does not follow the schedule, in both engines', async () => {
    const optimizer = () => ({ encoder: tf.train.momentum(0.01, 0.9), decoder: fixedRate(tf.train.adam(0.01)) });
    const { all, weights, fields } = await engines(tinyWith({ optimizer }));
    const of = (net: string) => weights.filter((name) => name.startsWith(net));
    for (const engine of all) {
      engine.scaleLearningRates(0);
      expect(await moved(engine, fields as Record<string, Float32Array>, of('encoder')), engine.name).to.equal(0);
      engine.scaleLearningRates(1);
    }
    const states: EngineState[] = [];
    for (const engine of all) {
      await engine.run('elbo', fields);
      states.push(await engine.state());
      await engine.dispose();
    }
    for (const name of weights) {
      states[1]![name]!.data.forEach((value, i) => {
        expect(value, name).to.be.closeTo(states[0]![name]!.data[i]!, 2e-5);
      });
    }
  });

  it('a network to update that is not there is refused, not left out', async () => {
    const error = await rejection(() => engines(tinyWith({ updates: ['encoder', 'decodre'] as never })));
    expect(error).to.have.property('code', 'recipe-invalid');
    const message =
      "step 'elbo' updates the network 'decodre', which is not there; did you mean 'decoder'? There are encoder, decoder";
    expect(error.message).to.equal(message);
  });

  it('a network without an optimizer is named', async () => {
    const error = await rejection(() => engines(tinyWith({ optimizer: () => ({ encoder: tf.train.sgd(0.1) }) })));
    expect(error.message).to.equal("step 'elbo' updates the network 'decoder' but has no optimizer for it");
  });

  it('clipNorm bounds the norm over all weights together, and leaves small gradients alone', async () => {
    const lengths: number[] = [];
    for (const clipNorm of [undefined, 1e6, 0.5]) {
      const step = { optimizer: () => tf.train.sgd(1), ...(clipNorm && { clipNorm: () => clipNorm }) };
      const { all, weights, fields } = await engines(tinyWith(step));
      for (const engine of all) {
        lengths.push(await moved(engine, fields as Record<string, Float32Array>, weights));
        await engine.dispose();
      }
    }
    const [free] = lengths;
    expect(free).to.be.above(1);
    for (const same of lengths.slice(0, 4)) expect(same).to.be.closeTo(free!, 1e-4 * free!);
    for (const clipped of lengths.slice(4)) expect(clipped).to.be.closeTo(0.5, 1e-4);
  });

  it('every recipe has clipNorm as an option, which wins over its own', async () => {
    const free = tinyWith({ optimizer: () => tf.train.sgd(1) });
    const clips = tinyWith({ optimizer: () => tf.train.sgd(1), clipNorm: () => 1e-3 });
    for (const [recipe, option, expected] of [
      [free, 0.25, 0.25],
      [clips, 0.25, 0.25],
      [clips, 0, 1e-3],
    ] as const) {
      const { all, weights, fields } = await engines(recipe, { clipNorm: option });
      for (const engine of all) {
        const length = await moved(engine, fields as Record<string, Float32Array>, weights);
        expect(length).to.be.closeTo(expected, 1e-3 * expected);
        await engine.dispose();
      }
    }
  });

  it('augment changes training examples anew for every use, and goes on bit for bit from a position', () => {
    const { train: split } = tinyData().splits;
    const augment = {
      x: (example: Float32Array | Int32Array, random: Random) => void random.fillUniform(example as Float32Array),
    };
    const take = (batches: TrainingBatches, count: number) =>
      Array.from({ length: count }, () => batches.next().fields.x!.slice());
    const options = { batchSize: BATCH, seed: 3, augment };
    const whole = new TrainingBatches(split, options);
    const first = take(whole, 13);
    const position = whole.position();
    expect(take(new TrainingBatches(split, { ...options, position }), 9)).to.deep.equal(take(whole, 9));
    expect(new Set(first.map((batch) => batch.join())).size).to.equal(13);
    expect(first[0]!.every((value) => value > 0 && value < 1)).to.equal(true);
  });

  it('a monitor is logged before training and after each epoch; shapes and graphs follow options and vocabulary', async () => {
    const out = join(await mkdtemp(join(tmpdir(), 'features-')), 'run');
    const recipe: Recipe = {
      ...tinyRecipe,
      batch: ({ latentDim }) => ({ x: { shape: [8 * (latentDim as number)] } }),
      prepare: (data) => ({ ...data, vocabularies: { letters: ['a', 'b', 'c'] } }),
      nets(options, init, { vocabularies }) {
        expect(vocabularies).to.deep.equal({ letters: ['a', 'b', 'c'] });
        return tinyRecipe.nets(options, init, dataFacts({}));
      },
      async monitor(graphs, { splits }, random, { latentDim }) {
        const z = { type: 'float32' as const, dims: [1, 2], data: random.fillNormal(new Float32Array(2)) };
        const { mean } = await graphs.run('decode', { z });
        return { pixels: mean!.data.length, latentDim: latentDim as number, bank: splits.train.size };
      },
    };
    try {
      await train({ recipe, data: tinyData(), out, evaluate: false, figures: false });
      const lines = (await readLog(new RunFolder(out).file('log'))).filter(({ kind }) => kind === 'validation');
      expect(lines.map(({ epoch }) => epoch)).to.deep.equal([0, 1, 2]);
      for (const { metrics } of lines) expect(metrics).to.include({ pixels: 16, latentDim: 2, bank: 80 });
      expect(lines[2]!.metrics).to.include.keys('elbo');
      expect((await loadManifest(out)).vocabularies).to.deep.equal({ letters: ['a', 'b', 'c'] });
      for (const { worst } of await verifyRun({ recipe, run: out })) expect(worst).to.be.below(1e-5);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
});
