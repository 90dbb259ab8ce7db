import { exportOnnx, tf } from '@onnx-forge/export';
import { openSession } from '@onnx-forge/infer';
import { assert } from 'chai';
import { needsDevice } from '../infer/webgpu.js';

/** A function of one tensor whose graph must serve any size of its free dimensions. */
export interface Subject {
  readonly name: string;
  /** Shape of x; strings are free. */
  readonly shape: readonly (number | string)[];
  readonly run: (x: tf.Tensor) => tf.Tensor;
  /** The expected result, if tfjs's cpu backend computes `run` itself wrongly. */
  readonly reference?: (x: tf.Tensor) => tf.Tensor;
}

const DEVICES = ['cpu', 'webgpu'] as const;
/** Sizes that the free dimensions take in turn, none of which the exporter traces with. */
const SIZES = [1, 2, 5];

/** Exports each subject once and compares it with tfjs at several sizes, on every device that is there. */
export function testFreeDimensions(title: string, subjects: readonly Subject[]): void {
  for (const device of DEVICES) {
    describe(`${title}: one graph for any batch size, on ${device}`, () => {
      before(async function () {
        await tf.setBackend('cpu');
        await needsDevice(this, device);
      });
      for (const subject of subjects) it(subject.name, () => check(subject, device));
    });
  }
}

async function check({ shape, run, reference = run }: Subject, device: 'cpu' | 'webgpu'): Promise<void> {
  const { bytes } = exportOnnx(({ x }) => ({ y: run(x!) }), { inputs: { x: { shape } } });
  const session = await openSession(bytes, { device });
  const free = shape.filter((n) => typeof n === 'string');
  for (const [turn] of SIZES.entries()) {
    const sizes = shape.map((n) => (typeof n === 'number' ? n : SIZES[(turn + free.indexOf(n)) % SIZES.length]!));
    const x = tf.randomUniform(sizes, -1, 1, 'float32', turn);
    const expected = reference(x);
    const data = (await x.data()) as Float32Array;
    const { y } = await session.run({ x: { type: 'float32', dims: x.shape, data } });
    assert.deepEqual([...y!.dims], expected.shape);
    const numbers = await expected.data();
    const scale = Math.max(1, ...numbers.map(Math.abs));
    for (const [i, e] of numbers.entries()) {
      assert.closeTo(Number(y!.data[i]) / scale, e / scale, 1e-5, `x [${sizes}], element ${i}`);
    }
  }
  await session.dispose();
}
