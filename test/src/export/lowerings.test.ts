import { families, type LoweringCase, registerGraphBackend, tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { inputsOf, type Tensors } from './case-inputs.js';

/** Finite-difference step and tolerance for float32 functions of O(1) inputs. */
const STEP = 1e-2;
const DIFFERENCE_TOLERANCE = 2e-2;

interface Result {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: number[];
}

async function resultsOn(backend: string, run: () => tf.Tensor | tf.Tensor[]): Promise<Result[]> {
  await tf.setBackend(backend);
  const tensors = [run()].flat();
  const read = tensors.map(async (t) => ({ shape: t.shape, dtype: t.dtype, values: Array.from(await t.data()) }));
  return Promise.all(read);
}

function assertClose(actual: readonly number[], expected: readonly number[], tolerance: number, what: string): void {
  assert.lengthOf(actual, expected.length, what);
  for (const [i, e] of expected.entries()) {
    const a = actual[i]!;
    if (Number.isNaN(e) ? Number.isNaN(a) : a === e) continue;
    assert.isAtMost(Math.abs(a - e), tolerance * Math.max(1, Math.abs(e)), `${what}[${i}]: ${a} against ${e}`);
  }
}

/** Gradient of the weighted sum of all outputs in one input. */
function gradientOf(testCase: LoweringCase, wrt: string): tf.Tensor {
  return tf.tidy(() => {
    const inputs = inputsOf(testCase);
    return tf.grad((x) => weighted(testCase, { ...inputs, [wrt]: x }))(inputs[wrt]!);
  });
}

/** Distinct weights, so that no error cancels. */
function weighted(testCase: LoweringCase, inputs: Tensors): tf.Scalar {
  const outputs = [testCase.run(inputs)].flat();
  const parts = outputs.map((t) => tf.sum(tf.mul(t, tf.reshape(tf.linspace(0.5, 1.5, Math.max(t.size, 1)), t.shape))));
  return tf.addN(parts) as tf.Scalar;
}

async function differences(testCase: LoweringCase, wrt: string): Promise<number[]> {
  await tf.setBackend('cpu');
  const inputs = inputsOf(testCase);
  const values = await inputs[wrt]!.data();
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i]! += delta;
      return weighted(testCase, { ...inputs, [wrt]: tf.tensor(moved, inputs[wrt]!.shape) }).dataSync()[0]!;
    });
  return Array.from(values, (_, i) => (at(i, STEP) - at(i, -STEP)) / (2 * STEP));
}

describe('lowerings: every case equals tfjs', () => {
  before(() => registerGraphBackend());
  after(() => tf.setBackend('cpu'));

  for (const [family, lowerings] of Object.entries(families)) {
    for (const { kernel, cases } of lowerings) {
      for (const testCase of cases) {
        const tolerance = testCase.tolerance ?? 1e-5;
        it(`${family}: ${kernel}, ${testCase.name}`, async () => {
          const run = (): tf.Tensor | tf.Tensor[] => testCase.run(inputsOf(testCase));
          const expected = await resultsOn('cpu', run);
          const actual = await resultsOn('onnx-graph', run);
          for (const [i, e] of expected.entries()) {
            assert.deepEqual([actual[i]!.shape, actual[i]!.dtype], [e.shape, e.dtype]);
            assertClose(actual[i]!.values, e.values, tolerance, `${kernel} output ${i}`);
          }
          if (!testCase.gradient) return;
          for (const [name, { dtype = 'float32' }] of Object.entries(testCase.inputs)) {
            if (dtype !== 'float32') continue;
            const [onCpu] = await resultsOn('cpu', () => gradientOf(testCase, name));
            const [onOnnx] = await resultsOn('onnx-graph', () => gradientOf(testCase, name));
            assertClose(onOnnx!.values, onCpu!.values, 10 * tolerance, `gradient in ${name}`);
            const numeric = await differences(testCase, name);
            const scale = Math.max(1, ...numeric.map(Math.abs));
            assertClose(
              onOnnx!.values.map((v) => v / scale),
              numeric.map((v) => v / scale),
              DIFFERENCE_TOLERANCE,
              `finite difference in ${name}`,
            );
          }
        });
      }
    }
  }
});
