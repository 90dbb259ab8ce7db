import { Random } from '@onnx-forge/infer';
import { defineRecipe, mlp, type Networks, tf, useBackend } from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { CompiledEngine, EagerEngine, type Engine, type EngineState } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { noisyRecipe, tinyRecipe } from './tiny.js';

/** Everything that an engine is made of, from one seed. */
function parts(seed: number, recipe = tinyRecipe) {
  const random = new Random(seed);
  const options = recipeOptions(recipe);
  const nets: Networks = recipe.nets(options, seededInitializers(random.fork('weights')), dataFacts({}));
  return { recipe, nets, options, random: random.fork('steps') };
}

const batch = (seed: number) => ({ x: new Random(seed).fillUniform(new Float32Array(8 * 16)).map(Math.round) });

async function steps(engine: Engine, from: number, to: number): Promise<Record<string, number>[]> {
  const metrics: Record<string, number>[] = [];
  for (let step = from; step < to; step++) metrics.push(await engine.run('elbo', batch(step)));
  return metrics;
}

describe('the eager engine', () => {
  before(() => useBackend('cpu'));

  it('gives the same bits for the same seed, others for another', async () => {
    const run = async (seed: number) => {
      const engine = new EagerEngine(parts(seed));
      const metrics = await steps(engine, 0, 3);
      const state = await engine.state();
      await engine.dispose();
      return { metrics, state };
    };
    const [one, again, other] = [await run(1), await run(1), await run(2)];
    expect(again).to.deep.equal(one);
    expect(other.metrics).to.not.deep.equal(one.metrics);
  });

  it('moves every weight in one step and reports the loss and its terms', async () => {
    const engine = new EagerEngine(parts(1));
    const before = await engine.state();
    const [metrics] = await steps(engine, 0, 1);
    const after = await engine.state();
    const still = Object.keys(before).filter((name) => before[name]!.data.every((v, i) => v === after[name]!.data[i]));
    expect(still).to.deep.equal([]);
    expect(Object.keys(metrics!)).to.have.members(['loss', 'reconstruction', 'kl']);
    expect(metrics!.loss).to.be.closeTo(metrics!.kl! - metrics!.reconstruction!, 1e-4);
  });

  it('goes on from a state as if it had not stopped, bit for bit, for every stock optimizer', async () => {
    const optimizers: Record<string, () => tf.Optimizer> = {
      sgd: () => tf.train.sgd(0.01),
      momentum: () => tf.train.momentum(0.01, 0.9),
      adam: () => tf.train.adam(0.01),
      adamax: () => tf.train.adamax(0.01),
      rmsprop: () => tf.train.rmsprop(0.01, 0.9, 0.9),
      centred: () => tf.train.rmsprop(0.01, 0.9, 0.9, 1e-7, true),
      adagrad: () => tf.train.adagrad(0.01),
      adadelta: () => tf.train.adadelta(0.01),
    };
    for (const [name, optimizer] of Object.entries(optimizers)) {
      const { elbo } = tinyRecipe.steps;
      const recipe = { ...tinyRecipe, steps: { elbo: { ...elbo!, optimizer } } };
      const whole = new EagerEngine(parts(3, recipe));
      await steps(whole, 0, 4);

      const first = parts(3, recipe);
      const before = new EagerEngine(first);
      await steps(before, 0, 2);
      // A new process has other weights at first, and other names for its variables.
      const second = { ...parts(99, recipe), random: Random.fromState(first.random.state()) };
      const after = new EagerEngine(second);
      await after.restore(await before.state());
      await steps(after, 2, 4);
      expect(await after.state(), name).to.deep.equal(await whole.state());
    }
  });

  it('draws the noise of layers as the compiled engine does, from the same stream', async () => {
    const eager = new EagerEngine(parts(1, noisyRecipe()));
    const compiled = await CompiledEngine.compile(parts(1, noisyRecipe()), { batchSize: 8, device: 'cpu' });
    const [expected, found] = [await steps(eager, 0, 4), await steps(compiled, 0, 4)];
    for (const [step, { loss }] of expected.entries()) expect(found[step]!.loss).to.be.closeTo(loss!, 1e-4);
    for (const engine of [eager, compiled]) await engine.dispose();
  });

  it('leaves the first update as the optimizer has it', async () => {
    // A plain tfjs loop on the same networks, without the engine.
    const { nets, recipe, options, random } = parts(5);
    const optimizer: tf.Optimizer = tf.train.adam(options.learningRate as number);
    const engine = new EagerEngine(parts(5));
    const variables = networkWeights(nets).map(({ variable }) => variable);
    for (let step = 0; step < 3; step++) {
      await engine.run('elbo', batch(step));
      tf.tidy(() => {
        const normal = (shape: readonly number[]) =>
          tf.tensor(random.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), [...shape]);
        const x = tf.tensor2d(batch(step).x, [8, 16]);
        const loss = () => recipe.steps.elbo!.loss(nets, { x }, { normal, uniform: normal }, options).loss as tf.Scalar;
        optimizer.applyGradients(tf.variableGrads(loss, variables).grads);
      });
    }
    const state = await engine.state();
    for (const { name, variable } of networkWeights(nets)) {
      expect(state[name]!.data, name).to.deep.equal(variable.dataSync<'float32'>());
    }
  });

  it('leaks no tensors', async () => {
    const engine = new EagerEngine(parts(1));
    await steps(engine, 0, 1);
    const before = tf.memory().numTensors;
    await steps(engine, 1, 4);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses the state of another network by naming the array', async () => {
    const engine = new EagerEngine(parts(1));
    const state = await engine.state();
    const name = 'encoder/0/kernel';
    const { [name]: kernel, ...others } = state;
    const cases: EngineState[] = [
      others,
      { ...state, [name]: { shape: [1], data: new Float32Array(1) } },
      { ...state, extra: kernel! },
    ];
    for (const wrong of cases) {
      const error = await rejection(() => engine.restore(wrong));
      expect(error.code).to.equal('checkpoint-mismatch');
      expect(error.message).to.match(/encoder\/0\/kernel|extra/);
    }
  });

  it('names a weight that the loss does not depend on', async () => {
    const dead = defineRecipe({
      name: 'dead',
      task: '',
      source: '',
      data: { real: '', embedded: '' },
      options: { batchSize: 8, epochs: 1 },
      batch: { x: { shape: [16] } },
      nets: (_options, init) => ({
        used: mlp([16, 1], { activation: 'relu', kernel: init.heUniform }),
        unused: mlp([16, 1], { activation: 'relu', kernel: init.heUniform }),
      }),
      steps: {
        fit: {
          updates: ['used', 'unused'],
          optimizer: () => tf.train.sgd(0.1),
          loss: ({ used }, { x }) => ({ loss: used.apply(x).mean<tf.Scalar>() }),
        },
      },
      serves: () => {
        throw new Error('never asked');
      },
    });
    const engine = new EagerEngine(parts(1, dead));
    const error = await rejection(() => engine.run('fit', batch(0)));
    expect(error.code).to.equal('no-gradient');
    expect(error.message).to.include('unused/0/kernel, unused/0/bias');
  });
});
