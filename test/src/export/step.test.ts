import {
  type CompiledTraining,
  compileStep,
  compileTraining,
  type StepRandom,
  TraceMismatchError,
  tf,
} from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';

const STEPS = 20;
const BATCH = 16;

/** Every optimizer of tfjs, as its users call it. */
const OPTIMIZERS: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.05, 0.9),
  nesterov: () => tf.train.momentum(0.05, 0.9, true),
  adam: () => tf.train.adam(0.01),
  rmsprop: () => tf.train.rmsprop(0.01, 0.9),
  'rmsprop centered': () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-7, true),
  adagrad: () => tf.train.adagrad(0.1),
  adamax: () => tf.train.adamax(0.01),
  adadelta: () => tf.train.adadelta(0.1),
};

interface Problem {
  readonly model: tf.Sequential;
  step(batch: Record<string, tf.Tensor>, random: StepRandom): Record<string, tf.Tensor>;
}

/** A small regression with dropout-like noise: dense and, if asked, batch-norm layers. */
function problem(optimizer: tf.Optimizer, batchNorm = false): Problem {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [3], kernelInitializer: init(1) }));
  if (batchNorm) model.add(tf.layers.batchNormalization());
  model.add(tf.layers.dense({ units: 2, kernelInitializer: init(2) }));
  const variables = model.trainableWeights.map((w) => w.read() as tf.Variable);
  return {
    model,
    step: ({ x, y }, random) => {
      const noise = random.normal([BATCH, 3]);
      const { value, grads } = tf.variableGrads(() => {
        const out = model.apply(tf.add(x!, tf.mul(noise, 0.1)), { training: true }) as tf.Tensor;
        return tf.mean(tf.squaredDifference(out, y!));
      }, variables);
      optimizer.applyGradients(grads);
      return { loss: value };
    },
  };
}

const signature = { x: { shape: [BATCH, 3] }, y: { shape: [BATCH, 2] } };

function batches(): { x: Float32Array; y: Float32Array }[] {
  const random = new Random(11);
  return Array.from({ length: STEPS }, () => ({
    x: random.fillNormal(new Float32Array(BATCH * 3)),
    y: random.fillNormal(new Float32Array(BATCH * 2)),
  }));
}

const weightsOf = (model: tf.LayersModel): Float32Array[] =>
  model.weights.map((w) => w.read().dataSync() as Float32Array);

async function eagerly({ model, step }: Problem): Promise<{ weights: Float32Array[]; losses: number[] }> {
  const random = new Random(5);
  const draw: StepRandom = {
    normal: (shape) => tf.tensor(random.fillNormal(new Float32Array(tf.util.sizeFromShape([...shape]))), [...shape]),
    uniform: (shape) => tf.tensor(random.fillUniform(new Float32Array(tf.util.sizeFromShape([...shape]))), [...shape]),
  };
  const losses = batches().map(({ x, y }) => {
    const { loss } = tf.tidy(
      () => step({ x: tf.tensor(x, [BATCH, 3]), y: tf.tensor(y, [BATCH, 2]) }, draw) as { loss: tf.Tensor },
    );
    return loss.dataSync()[0]!;
  });
  return { weights: weightsOf(model).map((w) => w.slice()), losses };
}

async function compiled({ model, step }: Problem): Promise<{ weights: Float32Array[]; losses: number[] }> {
  const training = await compileStep({ inputs: signature, step }, { device: 'cpu', random: new Random(5) });
  const losses: number[] = [];
  for (const batch of batches()) losses.push((await training.run('step', batch)).loss!);
  await training.writeBack();
  await training.dispose();
  return { weights: weightsOf(model).map((w) => w.slice()), losses };
}

function assertEqualWeights(actual: Float32Array[], expected: Float32Array[], relative: number): void {
  for (const [i, e] of expected.entries()) {
    const scale = Math.max(...e.map(Math.abs));
    const worst = Math.max(...e.map((v, j) => Math.abs(v - actual[i]![j]!)));
    assert.isAtMost(worst / scale, relative, `variable ${i}`);
  }
}

describe('compiled training', () => {
  beforeEach(() => tf.setBackend('cpu'));

  for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
    it(`equals eager tfjs after ${STEPS} steps of ${name}`, async () => {
      const eager = await eagerly(problem(optimizer()));
      const graph = await compiled(problem(optimizer()));
      assertEqualWeights(graph.weights, eager.weights, 1e-4);
      for (const [i, loss] of eager.losses.entries()) assert.closeTo(graph.losses[i]!, loss, 1e-4 * Math.max(1, loss));
    });
  }

  it('carries batch-norm averages', async () => {
    const eager = await eagerly(problem(tf.train.adam(0.01), true));
    const graph = await compiled(problem(tf.train.adam(0.01), true));
    assert.lengthOf(graph.weights, 8);
    assertEqualWeights(graph.weights, eager.weights, 1e-4);
  });

  it('moves every trainable weight in one step', async () => {
    const { model, step } = problem(tf.train.adam(0.01), true);
    const before = model.trainableWeights.map((w) => w.read().dataSync().slice());
    const training = await compileStep({ inputs: signature, step }, { device: 'cpu', random: new Random(5) });
    await training.run('step', batches()[0]!);
    await training.writeBack();
    for (const [i, w] of model.trainableWeights.entries()) assert.notDeepEqual(w.read().dataSync(), before[i], w.name);
    await training.dispose();
  });

  it('gives the same bits for the same seed', async () => {
    const first = await compiled(problem(tf.train.adam(0.01), true));
    const second = await compiled(problem(tf.train.adam(0.01), true));
    assert.deepEqual(second, first);
  });

  it('continues from a restored state bit for bit', async () => {
    const half = STEPS / 2;
    const data = batches();
    const whole = await compiled(problem(tf.train.adam(0.01), true));

    const open = (p: Problem, random: Random): Promise<CompiledTraining> =>
      compileStep({ inputs: signature, step: p.step }, { device: 'cpu', random });
    const random = new Random(5);
    const first = await open(problem(tf.train.adam(0.01), true), random);
    for (const batch of data.slice(0, half)) await first.run('step', batch);
    const state = await first.state();
    const randomState = random.state();
    await first.dispose();

    const resumed = problem(tf.train.adam(0.01), true);
    const second = await open(resumed, Random.fromState(randomState));
    await second.restore(state);
    for (const batch of data.slice(half)) await second.run('step', batch);
    await second.writeBack();
    assert.deepEqual(weightsOf(resumed.model), whole.weights);
    await second.dispose();
  });

  it('shares variables between steps', async () => {
    const w = tf.variable(tf.scalar(1));
    const update = (value: tf.Tensor<tf.Rank.R0>): Record<string, tf.Tensor> => {
      w.assign(value);
      return { w: tf.add(w, 0) };
    };
    const training = await compileTraining(
      {
        up: { inputs: {}, step: () => update(tf.add(w, 1)) },
        double: { inputs: {}, step: () => update(tf.mul(w, 2)) },
      },
      { device: 'cpu', random: new Random(1) },
    );
    assert.deepEqual(await training.run('up', {}), { w: 2 });
    assert.deepEqual(await training.run('double', {}), { w: 4 });
    assert.deepEqual(await training.run('up', {}), { w: 5 });
    assert.equal(w.dataSync()[0], 1, 'the tf.Variable waits for writeBack');
    await training.writeBack();
    assert.equal(w.dataSync()[0], 5);
    await training.dispose();
  });

  it('refuses a step whose random numbers do not come from its random source', async () => {
    const w = tf.variable(tf.zeros([3]));
    const step = () => {
      w.assign(tf.randomNormal([3]));
      return { loss: tf.sum(w) };
    };
    const error = await compileStep({ inputs: {}, step }, { device: 'cpu', random: new Random(1) }).catch(
      (e: unknown) => e,
    );
    assert.instanceOf(error, TraceMismatchError);
  });

  it('names a missing batch array, an unknown step and a wrong state', async () => {
    const { step } = problem(tf.train.sgd(0.1));
    await using training = await compileStep({ inputs: signature, step }, { device: 'cpu', random: new Random(5) });
    const message = async (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => '',
        (e: Error) => e.message,
      );
    assert.match(await message(training.run('step', { x: new Float32Array(BATCH * 3) })), /'y'/);
    assert.match(await message(training.run('nope', {})), /no step 'nope'.*step/);
    assert.match(await message(training.restore({})), /lacks 'slot\/0'/);
  });
});
