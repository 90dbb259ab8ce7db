import { compileStep, exportOnnx, registerOnnxBackend, SyncReadError, tf, verify } from '@onnx-forge/export';
import { openSession, Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import { onBackend } from './on-backends.js';

/** Backends of which every piece runs in onnxruntime: in a worker thread, and as browsers do it. */
const WORKER = 'onnx-worker';
const LOCAL = 'onnx-local';

const wave = (length: number, shift = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(1.3 * i + shift));

function network(): tf.Sequential {
  const seeded = (seed: number) => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [8, 8, 1],
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: seeded(1),
      }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

/** Counts are what a fit leaves more than there was before. */
interface Fitted {
  readonly losses: readonly number[];
  readonly weights: readonly number[][];
  readonly tensors: number;
  readonly buffers: number;
  readonly bytes: number;
}

async function fit(makeModel: () => tf.LayersModel, epochs: number): Promise<Fitted> {
  const before = tf.memory();
  const model = makeModel();
  const x = tf.tensor(wave(16 * 64), [16, 8, 8, 1]);
  const y = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: 16 }, (_, i) => i % 2),
      'int32',
    ),
    2,
  );
  const { history } = await model.fit(x, y, { batchSize: 4, epochs, shuffle: false, verbose: 0 });
  tf.dispose([x, y]);
  const after = tf.memory();
  const counts = {
    tensors: after.numTensors - before.numTensors,
    buffers: after.numDataBuffers - before.numDataBuffers,
    bytes: after.numBytes - before.numBytes,
  };
  const weights = model.getWeights().map((weight) => Array.from(weight.dataSync()));
  return { losses: history.loss as number[], weights, ...counts };
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance = 1e-5): void {
  assert.lengthOf(actual, expected.length);
  for (const [i, e] of expected.entries()) assert.approximately(actual[i]!, e, tolerance);
}

describe("the onnx backend's recorded work", () => {
  before(() => {
    registerOnnxBackend();
    registerOnnxBackend({ name: WORKER, smallest: 0, opening: 0 });
    registerOnnxBackend({ name: LOCAL, smallest: 0, opening: 0, worker: false });
  });
  after(async () => {
    await tf.setBackend('cpu');
    for (const name of ['onnx', WORKER, LOCAL]) tf.removeBackend(name);
  });

  it('trains as tfjs cpu does, with as many tensors', async () => {
    const expected = await onBackend('cpu', () => fit(network, 3));
    for (const name of ['onnx', WORKER]) {
      const actual = await onBackend(name, () => fit(network, 3));
      assertClose(actual.losses, expected.losses);
      for (const [i, weight] of expected.weights.entries()) assertClose(actual.weights[i]!, weight, 1e-4);
      assert.deepEqual(
        [actual.tensors, actual.buffers, actual.bytes],
        [expected.tensors, expected.buffers, expected.bytes],
        name,
      );
    }
  });

  it('gives equal numbers whether they are read synchronously or not', () =>
    onBackend(WORKER, async () => {
      const product = (): tf.Tensor => tf.matMul(tf.tensor(wave(36), [6, 6]), tf.tensor(wave(36, 1), [6, 6])).tanh();
      const now = product().dataSync();
      assert.deepEqual(Array.from(await product().data()), Array.from(now));
      assert.deepEqual(product().arraySync(), await product().array());
    }));

  it('is not moved by arrays that are filled again before the work runs', () =>
    onBackend(WORKER, async () => {
      const array = Float32Array.of(1, 2, 3);
      const sum = tf.tensor(array).add(1);
      array.fill(0);
      assert.deepEqual(Array.from(sum.dataSync()), [2, 3, 4]);
    }));

  it('keeps what constants are apart in structures: NaN, infinity, -0', () =>
    onBackend(WORKER, async () => {
      const bounds = [Number.POSITIVE_INFINITY, 2];
      const clipped = bounds.map((high) => tf.clipByValue(tf.tensor1d([1, 5]), 0, high).dataSync());
      assert.deepEqual(
        clipped.map((values) => Array.from(values)),
        [
          [1, 5],
          [1, 2],
        ],
      );
    }));

  it('reads a long chain that nobody read, and moves it to another backend', () =>
    onBackend(WORKER, async () => {
      const w = tf.variable(tf.scalar(1));
      for (let i = 0; i < 2000; i++) w.assign(tf.tidy(() => w.add(1) as tf.Scalar));
      await tf.setBackend('cpu');
      assert.deepEqual(Array.from(w.add(0).dataSync()), [2001]);
    }));

  it('can be read after a tensor that it came from, and its own, are disposed', () =>
    onBackend(WORKER, async () => {
      const x = tf.tensor1d([1, 2]);
      const y = x.square();
      x.dispose();
      const numbers = y.data();
      y.dispose();
      assert.deepEqual(Array.from(await numbers), [1, 4]);
    }));

  it('says which read to use where it cannot wait', () =>
    onBackend(LOCAL, async () => {
      const y = tf.tensor1d([1, 2]).square();
      assert.throws(() => y.dataSync(), SyncReadError, 'use await tensor.data()');
      assert.deepEqual(Array.from(await y.data()), [1, 4]);
      assert.deepEqual(Array.from(y.dataSync()), [1, 4]);
    }));

  it('exports beside a variable that is still to be computed, where it cannot wait either', () =>
    onBackend(LOCAL, async () => {
      const counter = tf.variable(tf.ones([2]));
      counter.assign(counter.add(1));
      const { bytes } = exportOnnx(({ x }) => ({ y: x!.mul(3) }), { inputs: { x: { shape: ['n'] } } });
      const session = await openSession(bytes, { device: 'cpu' });
      const { y } = await session.run({ x: { type: 'float32', dims: [2], data: Float32Array.of(1, -2) } });
      await session.dispose();
      assert.deepEqual(Array.from(y!.data as Float32Array), [3, -6]);
      assert.deepEqual(Array.from(await counter.data()), [2, 2]);
    }));

  it('exports, verifies and compiles before, between and after fits', () =>
    onBackend(WORKER, async () => {
      const model = network();
      for (let round = 0; round < 2; round++) {
        const exported = exportOnnx(model);
        const { outputs } = await verify(exported, model);
        for (const { absolute } of Object.values(outputs)) assert.isBelow(absolute, 1e-5);
        await fit(() => model, 1);
      }
      const w = tf.variable(tf.tensor1d([1, -2]));
      w.assign(w.mul(2));
      const optimizer = tf.train.sgd(0.25);
      const step = {
        inputs: { x: { shape: [2] } },
        step: ({ x }: Record<string, tf.Tensor>) => ({
          loss: optimizer.minimize(() => w.mul(x!).square().sum() as tf.Scalar, true)!,
        }),
      };
      const training = await compileStep(step, { device: 'cpu', random: new Random(1) });
      // d/dw sum (w x)^2 = 2 w x^2, so w becomes w - 0.5 w x^2.
      await training.run('step', { x: Float32Array.of(1, 2) });
      await training.writeBack();
      await training.dispose();
      assertClose(Array.from(w.dataSync()), [1, 4]);
    }));
});
