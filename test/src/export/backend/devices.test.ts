import { registerOnnxBackend, tf } from '@onnx-forge/export';
import { DeviceError, type DeviceRequest, probeDevices } from '@onnx-forge/infer';
import { assert } from 'chai';
import { skip } from '../../mocha/skip.js';
import { onBackend } from './on-backends.js';

/** Losses of a few steps, and tensors that share a variable's data. */
async function train(): Promise<number[]> {
  const w = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
  const optimizer = tf.train.adam(0.1);
  const x = tf.ones([3, 2]);
  const numbers: number[] = [];
  for (let step = 0; step < 4; step++) {
    const loss = optimizer.minimize(() => tf.mean(tf.square(tf.matMul(x, w))) as tf.Scalar, true)!;
    numbers.push(...(await loss.data()));
  }
  numbers.push(...(await tf.add(tf.reshape(w, [4]), 1).data()), ...tf.argMax(w, 1).dataSync());
  return numbers;
}

async function on(options: { device?: DeviceRequest }, run: () => Promise<number[]>): Promise<number[]> {
  const name = 'onnx-device';
  registerOnnxBackend({ name, smallest: 0, opening: 0, ...options });
  try {
    return await onBackend(name, run);
  } finally {
    await tf.setBackend('cpu');
    tf.removeBackend(name);
  }
}

async function refusalOf(options: { device?: DeviceRequest }): Promise<DeviceError> {
  try {
    await on(options, train);
  } catch (error) {
    assert.instanceOf(error, DeviceError);
    return error as DeviceError;
  }
  return assert.fail('the device was granted');
}

describe('devices of the onnx backend', () => {
  let expected: number[];
  before(async () => {
    expected = await onBackend('cpu', train);
  });
  after(() => tf.setBackend('cpu'));

  const assertExpected = (actual: readonly number[]): void => {
    for (const [i, e] of expected.entries()) assert.approximately(actual[i]!, e, 1e-4);
  };

  for (const device of ['cpu', 'webgpu', 'cuda'] as const) {
    it(`trains on ${device}`, async function () {
      const report = (await probeDevices()).find((one) => one.device === device)!;
      if (!report.usable) skip(this, report.reason!);
      assertExpected(await on({ device }, train));
    }).timeout(120_000);
  }

  it('refuses a device that is not there, in one line that says why', async () => {
    const { code, message } = await refusalOf({ device: 'wasm' });
    assert.equal(code, 'device-unavailable');
    assert.match(message, /^device 'wasm' is not available here: .*'cpu'.*$/);
  });

  describe('by ONNX_FORGE_DEVICE', () => {
    const before = process.env.ONNX_FORGE_DEVICE;
    afterEach(() => {
      if (before === undefined) delete process.env.ONNX_FORGE_DEVICE;
      else process.env.ONNX_FORGE_DEVICE = before;
    });

    it('a program needs no change', async () => {
      process.env.ONNX_FORGE_DEVICE = 'abacus';
      const { code, message } = await refusalOf({});
      assert.equal(code, 'device-unknown');
      assert.match(message, /^there is no device 'abacus' here; use one of: auto, .*cpu$/);
      process.env.ONNX_FORGE_DEVICE = 'cpu';
      assertExpected(await on({}, train));
    });

    it('gives way to a device that the program names', async () => {
      process.env.ONNX_FORGE_DEVICE = 'abacus';
      assertExpected(await on({ device: 'cpu' }, train));
    });
  });
});
