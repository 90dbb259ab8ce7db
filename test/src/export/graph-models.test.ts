import {
  exportOnnx,
  functionOf,
  SignatureError,
  TracedReadError,
  TraceMismatchError,
  tf,
  UnsupportedOperationError,
  verify,
} from '@onnx-forge/export';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import { branching, element, GraphModelFile, placeholder, SCORES, type } from './graph-model-file.js';

type Tensors = Record<string, tf.Tensor>;

const vector = { inputs: { x: { shape: ['n', 2] } } } as const;

async function run(bytes: Uint8Array, dims: number[], values: number[]): Promise<number[][]> {
  await using session = await openSession(bytes, { device: 'cpu' });
  const results = await session.run({
    [session.inputNames[0]!]: { type: 'float32', dims, data: Float32Array.from(values) },
  });
  return Object.values(results).map(({ data }) => Array.from(data as Float32Array));
}

describe('graph models', () => {
  beforeEach(() => tf.setBackend('cpu'));

  it('are exported under the names of their signature, with free sizes free', async () => {
    const exported = exportOnnx(await SCORES.load());
    assert.deepEqual(exported.inputs, { picture: { shape: ['batch', 2, 2], dtype: 'float32' } });
    assert.deepEqual(exported.outputs, { score: { shape: ['batch', 2], dtype: 'float32' } });
    // 1 + 2 + 3 + 4 = 10, and 2 + 2 * 4 = 10.
    const [score] = await run(exported.bytes, [2, 2, 2], [1, 1, 1, 1, 2, 0, 0, 2]);
    assert.deepEqual(score, [10, 100, 10, 100]);
  });

  it('take another signature, to fix sizes', async () => {
    const exported = exportOnnx(await SCORES.load(), { inputs: { picture: { shape: [1, 2, 2] } } });
    assert.deepEqual(exported.outputs.score!.shape, [1, 2]);
  });

  it('agree with themselves', async () => {
    const model = await SCORES.load();
    assert.isBelow((await verify(exportOnnx(model), model)).worst, 1e-6);
  });

  it('can be part of a function', async () => {
    const model = await SCORES.load();
    const f = ({ x }: Tensors) => ({ y: tf.neg(model.predict(tf.reshape(x!, [-1, 2, 2])) as tf.Tensor) });
    const [y] = await run(exportOnnx(f, { inputs: { x: { shape: [4] } } }).bytes, [4], [1, 0, 0, 1]);
    assert.deepEqual(y, [-5, -50]);
  });
});

describe('graph models with branches', () => {
  beforeEach(() => tf.setBackend('cpu'));

  const byRows = branching(
    [placeholder('x', [-1, 2])],
    [
      { name: 'shape', op: 'Shape', input: ['x'], attr: { T: type('FLOAT'), out_type: type('INT32') } },
      element('rows', 'shape', 'zero', 'one', 'one'),
      { name: 'condition', op: 'Greater', input: ['rows', 'two'], attr: { T: type('INT32') } },
    ],
  );
  const byFlag = branching(
    [placeholder('x', [2]), placeholder('flag', [])],
    [{ name: 'condition', op: 'Greater', input: ['flag', 'nothing'], attr: { T: type('FLOAT') } }],
  );

  it('take the side that a size decides on', async () => {
    const f = functionOf(await byRows.load());
    const exported = (rows: number) => exportOnnx(f, { inputs: { x: { shape: [rows, 2] } } }).bytes;
    assert.deepEqual(await run(exported(3), [3, 2], [1, 2, 3, 4, 5, 6]), [[10.5, 20.5, 30.5, 40.5, 50.5, 60.5]]);
    assert.deepEqual(await run(exported(2), [2, 2], [1, 2, 3, 4]), [[-0.5, -1.5, -2.5, -3.5]]);
  });

  it('are refused where a free size decides', async () => {
    const model = await byRows.load();
    assert.throws(() => exportOnnx(model), TraceMismatchError);
  });

  it('take both sides where an input decides, as tfjs takes one', async () => {
    const model = await byFlag.load();
    const { bytes } = exportOnnx(model);
    await using session = await openSession(bytes, { device: 'cpu' });
    for (const flag of [1, -1, 0]) {
      const inputs = { x: tf.tensor1d([1, -2]), flag: tf.scalar(flag) };
      const expected = (await model.executeAsync(inputs)) as tf.Tensor;
      const { y } = await session.run({
        x: { type: 'float32', dims: [2], data: Float32Array.of(1, -2) },
        flag: { type: 'float32', dims: [], data: Float32Array.of(flag) },
      });
      assert.deepEqual(Array.from(y!.data as Float32Array), flag > 0 ? [10.5, -19.5] : [-0.5, 2.5]);
      assert.deepEqual(Array.from(y!.data as Float32Array), Array.from(await expected.data()));
    }
  });

  it('are refused by name where the shape of a result depends on values', async () => {
    const model = await new GraphModelFile(
      [
        placeholder('x', [4]),
        { name: 'positive', op: 'Greater', input: ['x', 'nothing'], attr: { T: type('FLOAT') } },
        { name: 'places', op: 'Where', input: ['positive'], attr: { T: type('BOOL') } },
      ],
      { nothing: { dtype: 'float32', shape: [], values: [0] } },
      { places: 'places:0' },
    ).load();
    assert.throws(
      () => exportOnnx(model),
      UnsupportedOperationError,
      /Where \(the shape of the result depends on values\)/,
    );
  });

  it('are refused by name where tfjs knows no such operation', async () => {
    const model = await new GraphModelFile(
      [placeholder('x', [4]), { name: 'y', op: 'Mystery', input: ['x'], attr: {} }],
      { unused: { dtype: 'float32', shape: [], values: [0] } },
      { y: 'y:0' },
    ).load();
    assert.throws(() => exportOnnx(model), UnsupportedOperationError, /Mystery \(unknown to tfjs\)/);
  });

  it('are refused where an input has no shape', async () => {
    const model = await new GraphModelFile(
      [
        { name: 'x', op: 'Placeholder', attr: { dtype: type('FLOAT') } },
        { name: 'y', op: 'Neg', input: ['x'], attr: { T: type('FLOAT') } },
      ],
      { unused: { dtype: 'float32', shape: [], values: [0] } },
      { y: 'y:0' },
    ).load();
    assert.throws(() => exportOnnx(model), SignatureError, /input x of the graph model has no shape/);
    const [y] = await run(exportOnnx(functionOf(model), { inputs: { x: { shape: [2] } } }).bytes, [2], [1, -2]);
    assert.deepEqual(y, [-1, 2]);
  });
});

describe('a read while tracing', () => {
  beforeEach(() => tf.setBackend('cpu'));

  function caught(f: (inputs: Tensors) => Tensors): unknown {
    try {
      exportOnnx(f, vector);
    } catch (error) {
      return error;
    }
    throw new Error('nothing was thrown');
  }

  it('is answered where the number follows from shapes and constants', async () => {
    const f = ({ x }: Tensors) => {
      const rows = tf.slice(tf.tensor1d(x!.shape, 'int32'), [0], [1]);
      const [twice] = tf.add(rows, rows).dataSync();
      const [columns] = tf
        .concat([rows, tf.scalar(1, 'int32').reshape([1])])
        .max([0], true)
        .sub(rows)
        .add(1)
        .dataSync();
      return { y: tf.reshape(x!, [twice!, columns!]) };
    };
    const exported = exportOnnx(f, vector);
    assert.deepEqual(exported.outputs.y!.shape[1], 1);
    assert.deepEqual(await run(exported.bytes, [3, 2], [1, 2, 3, 4, 5, 6]), [[1, 2, 3, 4, 5, 6]]);
  });

  it('is answered in time and memory that grow with the steps, not with the paths', () => {
    let doubled: tf.Tensor = tf.scalar(1);
    const f = ({ x }: Tensors) => {
      doubled = tf.scalar(1);
      for (let i = 0; i < 60; i++) doubled = tf.add(doubled, doubled);
      return { y: tf.mul(x!, Math.log2(doubled.dataSync()[0]!)) };
    };
    assert.doesNotThrow(() => exportOnnx(f, vector));
  });

  it('is refused where the number depends on an input', () => {
    assert.instanceOf(
      caught(({ x }) => ({ y: tf.mul(x!, tf.max(tf.mul(x!, 0)).dataSync()[0]!) })),
      TracedReadError,
    );
  });

  it('is refused where the number depends on a variable', () => {
    const v = tf.variable(tf.scalar(2));
    assert.instanceOf(
      caught(({ x }) => ({ y: tf.mul(x!, tf.add(v, 1).dataSync()[0]!) })),
      TracedReadError,
    );
    v.dispose();
  });

  it('is refused where the number is random, even if all that it decides is the same twice', () => {
    for (const read of [
      () => tf.greater(tf.randomUniform([1], 1, 2), 0.5).dataSync(),
      () => tf.randomNormal([1]).dataSync(),
    ]) {
      const error = caught(({ x }) => {
        const [number] = read();
        return { y: number! < -100 ? x! : tf.neg(x!) };
      });
      assert.instanceOf(error, TraceMismatchError);
      assert.match((error as Error).message, /random/);
    }
  });
});
