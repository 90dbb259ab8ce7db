import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import { type Recipe, tf, train, verifyRun } from '@onnx-forge/train';
import { dataFacts, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine, type Engine, type EngineName, WeightAverages } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { learningRateFactor } from '@onnx-forge/train/options';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { loadCheckpoint } from '@onnx-forge/train/run';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

const BATCH = 8;

/** The tiny recipe with another optimizer. */
function tinyWith(optimizer: () => tf.Optimizer): Recipe {
  return { ...tinyRecipe, steps: { elbo: { ...tinyRecipe.steps.elbo!, optimizer } } };
}

async function engineOf(name: EngineName, { recipe = tinyRecipe, averaging = 0 } = {}) {
  const options = recipeOptions(recipe, { set: { averaging } });
  const make = () => recipe.nets(options, seededInitializers(new Random(1)), dataFacts({}));
  const nets = make();
  const averages = averaging > 0 ? new WeightAverages(nets, make(), averaging) : undefined;
  const parts = { recipe, nets, averages, options, random: new Random(2) };
  const engine: Engine =
    name === 'eager'
      ? new EagerEngine(parts)
      : await CompiledEngine.compile(parts, { batchSize: BATCH, device: 'cpu', threads: 1 });
  const data = await recipeData(recipe, { data: tinyData() });
  const batches = new TrainingBatches(data.splits.train, { batchSize: BATCH, seed: 3 });
  return { engine, names: networkWeights(nets).map((weight) => weight.name), batches };
}

describe('learning-rate schedules', () => {
  const base = { schedule: 'constant', warmupSteps: 0, decayEpochs: 2, decayRate: 0.5 };
  const factor = (options: object, step: number) =>
    learningRateFactor({ ...base, ...options }, { step, steps: 100, stepsPerEpoch: 10 });

  it('constant stays, cosine goes from 1 to 0 through 1/2, step falls after its epochs', () => {
    for (const step of [0, 50, 99]) expect(factor({}, step)).to.equal(1);
    const cosine = [0, 25, 50, 100].map((step) => factor({ schedule: 'cosine' }, step));
    for (const [i, value] of [1, (1 + Math.SQRT1_2) / 2, 0.5, 0].entries())
      expect(cosine[i]).to.be.closeTo(value, 1e-12);
    expect([0, 19, 20, 39, 40, 99].map((step) => factor({ schedule: 'step' }, step))).to.deep.equal([
      1, 1, 0.5, 0.5, 0.25, 0.0625,
    ]);
  });

  it('warm-up rises linearly to the schedule', () => {
    expect([0, 1, 3, 4].map((step) => factor({ warmupSteps: 4 }, step))).to.deep.equal([0.25, 0.5, 1, 1]);
    expect(factor({ warmupSteps: 4, schedule: 'step' }, 1)).to.equal(0.5);
  });

  it('every recipe has them, with defaults of its own where it says so', async () => {
    expect(recipeOptions(tinyRecipe)).to.include({ schedule: 'constant', averaging: 0, shuffle: true });
    const error = await rejection(async () => recipeOptions(tinyRecipe, { set: { schedule: 'linear' } }));
    expect(error.message).to.equal(
      "recipe 'tiny': option 'schedule' must be one of constant, cosine, step, not 'linear'",
    );
    const beyond = await rejection(async () => recipeOptions(tinyRecipe, { set: { averaging: 1 } }));
    expect(beyond.message).to.contain('at least 0 and below 1');
  });

  const optimizers = {
    adam: () => tf.train.adam(0.01),
    sgd: () => tf.train.sgd(0.01),
    momentum: () => tf.train.momentum(0.01, 0.9),
    adagrad: () => tf.train.adagrad(0.01),
    adadelta: () => tf.train.adadelta(0.01),
    adamax: () => tf.train.adamax(0.01),
    rmsprop: () => tf.train.rmsprop(0.01),
  };
  for (const [name, optimizer] of Object.entries(optimizers)) {
    it(`${name}: both engines follow, and a factor of 0 stands still`, async () => {
      const recipe = tinyWith(optimizer);
      const [eager, compiled] = [await engineOf('eager', { recipe }), await engineOf('compiled', { recipe })];
      for (const scale of [1, 0.3, 2, 0]) {
        const { fields } = eager.batches.next();
        const before = await compiled.engine.state();
        for (const { engine } of [eager, compiled]) {
          engine.scaleLearningRates(scale);
          await engine.run('elbo', fields);
        }
        const [want, have] = [await eager.engine.state(), await compiled.engine.state()];
        for (const weight of eager.names) {
          have[weight]!.data.forEach((value, i) => {
            expect(value, `${weight} at ${scale}`).to.be.closeTo(want[weight]!.data[i]!, 2e-5);
          });
          if (scale === 0) expect(have[weight]).to.deep.equal(before[weight]);
        }
      }
      for (const { engine } of [eager, compiled]) await engine.dispose();
    });
  }

  it('says which optimizer cannot follow one', async () => {
    class Descent extends tf.SGDOptimizer {
      static override readonly className = 'Descent';
    }
    const { engine } = await engineOf('eager', { recipe: tinyWith(() => new Descent(0.01)) });
    engine.scaleLearningRates(1);
    expect(() => engine.scaleLearningRates(0.5)).to.throw(/step 'elbo' has the optimizer Descent/);
    await engine.dispose();
  });
});

describe('weight averaging', () => {
  for (const name of ['eager', 'compiled'] satisfies EngineName[]) {
    it(`${name}: is the running mean of the weights after every step`, async () => {
      const decay = 0.3;
      const { engine, names, batches } = await engineOf(name, { averaging: decay });
      const first = await engine.state();
      const expected = new Map(names.map((weight) => [weight, Float64Array.from(first[weight]!.data)]));
      for (const weight of names) expect(first[`average/${weight}`]).to.deep.equal(first[weight]);
      for (let n = 0; n < 5; n++) {
        await engine.run('elbo', batches.next().fields);
        const state = await engine.state();
        const keep = Math.min(decay, (1 + n) / (10 + n));
        for (const [weight, average] of expected) {
          average.forEach((value, i) => {
            average[i] = keep * value + (1 - keep) * state[weight]!.data[i]!;
          });
        }
      }
      const last = await engine.state();
      for (const [weight, average] of expected) {
        average.forEach((value, i) => {
          expect(last[`average/${weight}`]!.data[i], weight).to.be.closeTo(value, 1e-6);
        });
      }
      await engine.dispose();
    });
  }

  it('exports the averages, which verify; resumes to the same bits', () =>
    inTemporaryFolder(async (folder) => {
      const run = (out: string, more: object = {}) =>
        train({
          recipe: tinyRecipe,
          data: tinyData(),
          out: join(folder, out),
          set: { averaging: 0.9, schedule: 'cosine' },
          device: 'cpu',
          threads: 1,
          evaluate: false,
          figures: false,
          ...more,
        });
      await run('whole');
      const controller = new AbortController();
      const stop = {
        signal: controller.signal,
        onEvent: (event: { type: string; step?: number }) => {
          if (event.type === 'step' && event.step === 7) controller.abort();
        },
      };
      expect((await run('parts', stop)).status).to.equal('interrupted');
      await run('parts', { resume: true });
      const [whole, parts] = [
        (await loadCheckpoint(join(folder, 'whole')))!,
        (await loadCheckpoint(join(folder, 'parts')))!,
      ];
      expect(parts.state).to.deep.equal(whole.state);
      expect(parts.state['average/decoder/0/kernel']).not.to.deep.equal(parts.state['decoder/0/kernel']);
      for (const { outputs } of await verifyRun({ recipe: tinyRecipe, run: join(folder, 'whole') })) {
        for (const { absolute } of Object.values(outputs)) expect(absolute).to.be.lessThan(1e-4);
      }
    }));
});
