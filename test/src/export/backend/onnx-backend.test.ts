import {
  exportOnnx,
  HostKernelError,
  registerGraphBackend,
  registerOnnxBackend,
  SyncReadError,
  tf,
} from '@onnx-forge/export';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';

describe('the onnx backend', () => {
  before(async () => {
    registerOnnxBackend();
    await tf.setBackend('onnx');
  });
  after(() => tf.setBackend('cpu'));

  it('reads computed tensors either way', async () => {
    const x = tf.tensor1d([1, 2, 3, 4]);
    assert.deepEqual(Array.from(tf.reshape(x, [2, 2]).dataSync()), [1, 2, 3, 4]);
    const y = tf.square(x);
    assert.deepEqual(Array.from(y.dataSync()), [1, 4, 9, 16]);
    assert.deepEqual(Array.from(await y.data()), [1, 4, 9, 16]);
  });

  it('runs kernels whose output shapes depend on values', async () => {
    const computed = tf.add(tf.tensor1d([2, 1, 2]), 1);
    assert.deepEqual(Array.from(await tf.unique(computed).values.data()), [3, 2]);
  });

  it('keeps strings in memory', async () => {
    const words = tf.concat([tf.tensor1d(['a', 'é']), tf.fill([1], 'b')]);
    assert.deepEqual([...(await words.data<'string'>())], ['a', 'é', 'b']);
    assert.deepEqual(Array.from(await tf.equal(words, 'b').data()), [0, 0, 1]);
  });

  it('computes with complex numbers', async () => {
    const z = tf.complex([1, 2], [3, -1]);
    assert.deepEqual(Array.from(await tf.mul(z, z).data()), [-8, 6, 3, -4]);
    assert.deepEqual(Array.from(await tf.abs(tf.complex([3e20, 3e-30], [4e20, 4e-30])).data()).map(Math.fround), [
      Math.fround(5e20),
      Math.fround(5e-30),
    ]);
  });

  it('frees what is disposed', () => {
    const before = tf.memory().numDataBuffers;
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      tf.add(tf.clone(x), tf.real(tf.complex(x, x)));
    });
    assert.equal(tf.memory().numDataBuffers, before);
  });
});

describe('the onnx-graph backend', () => {
  before(async () => {
    registerGraphBackend();
    await tf.setBackend('onnx-graph');
  });
  after(() => tf.setBackend('cpu'));

  it('reads computed tensors asynchronously only', async () => {
    const y = tf.square(tf.tensor1d([1, 2, 3, 4]));
    assert.throws(() => y.dataSync(), SyncReadError, /use await tensor.data\(\)/);
    assert.deepEqual(Array.from(await y.data()), [1, 4, 9, 16]);
    assert.deepEqual(Array.from(y.dataSync()), [1, 4, 9, 16]);
  });

  it('refuses kernels whose output shapes depend on values still to be computed', () => {
    const computed = tf.add(tf.tensor1d([2, 1, 2]), 1);
    assert.throws(
      () => tf.unique(computed),
      HostKernelError,
      "Unique runs outside onnxruntime and needs the values of 'x'",
    );
  });
});

describe('exports of complex arithmetic', () => {
  it('write the power spectrum with a DFT node', async () => {
    await tf.setBackend('cpu');
    const power = ({ x }: { x?: tf.Tensor }) => tf.square(tf.abs(tf.spectral.rfft(x!)));
    const signature = { inputs: { x: { shape: ['batch', 8] } } };
    const { bytes } = exportOnnx((inputs) => ({ power: power(inputs) }), signature);
    const session = await openSession(bytes, { device: 'cpu' });
    const data = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * i));
    const outputs = await session.run({ x: { dims: [3, 8], type: 'float32', data } });
    const actual = Array.from(Object.values(outputs)[0]!.data as Float32Array);
    const expected = Array.from(await power({ x: tf.tensor2d(data, [3, 8]) }).data());
    assert.lengthOf(actual, 15);
    for (const [i, e] of expected.entries()) assert.approximately(actual[i]!, e, 1e-5);
    await session.dispose();
  });
});
