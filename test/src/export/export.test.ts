import { execFile } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import {
  exportOnnx,
  SignatureError,
  TracedReadError,
  TraceMismatchError,
  tf,
  UnsupportedKernelError,
  verify,
} from '@onnx-forge/export';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';

const run = promisify(execFile);

const matrix = { inputs: { x: { shape: ['batch', 4] } } } as const;

function caught(f: () => unknown): unknown {
  try {
    f();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('exportOnnx', () => {
  beforeEach(() => tf.setBackend('cpu'));

  it('refuses a model of another copy of tfjs, and says of which version', async () => {
    const require = createRequire(import.meta.url);
    const copy = require.resolve('@tensorflow/tfjs-layers').replace(/\.js$/, '.second-copy.cjs');
    copyFileSync(require.resolve('@tensorflow/tfjs-layers'), copy);
    try {
      // In a process of its own: the copy's classes take the place of tfjs's in its list of layers.
      const program = `
        import { createRequire } from 'node:module';
        import { exportOnnx } from ${JSON.stringify(import.meta.resolve('@onnx-forge/export'))};
        const other = createRequire(import.meta.url)(${JSON.stringify(copy)});
        const model = other.sequential({ layers: [other.layers.dense({ units: 1, inputShape: [4] })] });
        try { exportOnnx(model); } catch (error) { console.log(error.code + ': ' + error.message); }`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
        cwd: dirname(copy),
      });
      assert.match(stdout, /^signature: the model is of another copy of tfjs \(tfjs-layers 4\.22\.0; .*npm dedupe/m);
    } finally {
      rmSync(copy);
    }
  });

  it('writes a layers model with a free batch size that equals tfjs', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: 'relu', inputShape: [4] }),
        tf.layers.dense({ units: 3, activation: 'sigmoid' }),
      ],
    });
    const exported = exportOnnx(model);
    assert.deepEqual(exported.inputs, {
      [model.inputs[0]!.sourceLayer.name]: { shape: ['batch', 4], dtype: 'float32' },
    });
    assert.deepEqual(Object.values(exported.outputs), [{ shape: ['batch', 3], dtype: 'float32' }]);
    const { worst } = await verify(exported, model, { sizes: [1, 2, 7, 64] });
    assert.isBelow(worst, 1e-5);
  });

  it('leaves the variables where and what they were', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [4] })] });
    const before = model.getWeights().map((w) => Array.from(w.dataSync()));
    exportOnnx(model);
    assert.equal(tf.getBackend(), 'cpu');
    assert.deepEqual(
      model.getWeights().map((w) => Array.from(w.dataSync())),
      before,
    );
  });

  it('computes shapes, repeated constants and counts from the batch size', async () => {
    const f = ({ x }: Record<string, tf.Tensor>) => ({
      doubled: tf.reshape(x!, [x!.shape[0]! * 2, 2]),
      ones: tf.add(tf.ones([x!.shape[0]!, 4]), x!),
      mean: tf.mul(tf.sum(x!), 1 / x!.shape[0]!),
      count: tf.add(tf.sum(x!), x!.shape[0]!),
    });
    const exported = exportOnnx(f, matrix);
    assert.deepEqual(exported.outputs.ones, { shape: ['batch', 4], dtype: 'float32' });
    assert.isBelow((await verify(exported, f, { sizes: [1, 3, 10] })).worst, 1e-5);
  });

  it('keeps two free dimensions apart', async () => {
    const f = ({ x }: Record<string, tf.Tensor>) => ({
      y: tf.matMul(tf.transpose(x!), x!),
      z: tf.reshape(x!, [-1, 1]),
    });
    const exported = exportOnnx(f, { inputs: { x: { shape: ['rows', 'columns'] } } });
    assert.deepEqual(exported.outputs.y!.shape, ['columns', 'columns']);
    const session = await openSession(exported.bytes, { device: 'cpu' });
    const { y } = await session.run({ x: { type: 'float32', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
    assert.deepEqual(Array.from(y!.data as Float32Array), [17, 22, 27, 22, 29, 36, 27, 36, 45]);
  });

  it('refuses a random number that would be frozen, and names the place', () => {
    const thinning = tf.layers.dropout({ rate: 0.5, name: 'thinning' });
    for (const [draw, place] of [
      [() => tf.randomUniform([4]), 'tf.randomUniform at .*export.test'],
      [() => tf.truncatedNormal([4]), 'tf.truncatedNormal at .*export.test'],
      [() => tf.dropout(tf.ones([4]), 0.5), 'tf.dropout at .*export.test'],
      [() => thinning.apply(tf.ones([1, 4]), { training: true }), "tf.dropout in layer 'thinning' at .*export.test"],
      [() => tf.scalar(Math.random() < 2 ? 1 : 0), 'Math.random at .*export.test'],
    ] as const) {
      const error = caught(() => exportOnnx(({ x }) => ({ y: tf.mul(x!, draw() as tf.Tensor) }), matrix));
      assert.instanceOf(error, TraceMismatchError);
      assert.match((error as Error).message, new RegExp(`^${place}.*random number`));
    }
  });

  it('refuses a function that reads a value', () => {
    const error = caught(() =>
      exportOnnx(({ x }) => (tf.sum(x!).dataSync()[0]! > 0 ? { y: x! } : { y: tf.neg(x!) }), matrix),
    );
    assert.instanceOf(error, TracedReadError);
  });

  it('lists every unsupported kernel at once, with shapes and the line of the user', () => {
    const error = caught(() =>
      exportOnnx(({ x }) => {
        const boxes = tf.tensor2d([[0, 0, 1, 1]]);
        const kept = tf.image.nonMaxSuppression(boxes, tf.tensor1d([1]), 1);
        const hashed = tf.multinomial(tf.tensor2d([[0.5, 0.5]]), 1, 3) as tf.Tensor;
        return { y: tf.add(x!, tf.add(tf.sum(tf.cast(kept, 'float32')), tf.sum(tf.cast(hashed, 'float32')))) };
      }, matrix),
    );
    assert.instanceOf(error, UnsupportedKernelError);
    const { message } = error as Error;
    assert.match(message, /NonMaxSuppressionV3\(boxes float32\[1,4\]/);
    assert.match(message, /Multinomial\(logits float32\[1,2\]/);
    assert.match(message, /export\.test/);
  });

  it('refuses a function that assigns variables', () => {
    const v = tf.variable(tf.zeros([4]));
    const error = caught(() =>
      exportOnnx(({ x }) => {
        v.assign(tf.ones([4]));
        return { y: tf.add(x!, v) };
      }, matrix),
    );
    assert.instanceOf(error, SignatureError);
    assert.deepEqual(Array.from(v.dataSync()), [0, 0, 0, 0]);
  });

  it('refuses a function without a signature', () => {
    assert.instanceOf(
      caught(() => exportOnnx((() => ({})) as never)),
      SignatureError,
    );
  });

  it('verify takes an output of nothing but NaN for no agreement', async () => {
    const f = ({ x }: Record<string, tf.Tensor>) => ({ y: tf.log(tf.sub(-1, tf.square(x!))) });
    const exported = exportOnnx(f, matrix);
    assert.equal((await verify(exported, f)).worst, Number.POSITIVE_INFINITY);
  });

  it('verify sees a wrong graph', async () => {
    const exported = exportOnnx(({ x }) => ({ y: tf.mul(x!, 2) }), matrix);
    const { worst } = await verify(exported, ({ x }) => ({ y: tf.mul(x!, 2.1) }));
    assert.isAbove(worst, 0.01);
  });
});
