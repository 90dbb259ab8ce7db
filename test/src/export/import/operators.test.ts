import { exportOnnx, tf } from '@onnx-forge/export';
import { importModel } from '@onnx-forge/export/import';
import { openSession, type Tensor } from '@onnx-forge/infer';
import { assert } from 'chai';
import { OPERATOR_FAMILIES } from '../../../../packages/export/dist/import/operators/index.js';
import { type Case, IMPORT_CASES } from './cases.js';
import { type FileArray, fileOf, inputName, outputName } from './onnx-file.js';

/** Finite differences of float32 functions of numbers about 1. */
const STEP = 5e-3;
const DIFFERENCE_TOLERANCE = 2e-2;
/** Elements of an input that are moved, evenly spread. */
const MOVED = 12;

/** Operators of models (model.test.ts, sequences.test.ts, outputs.test.ts), and those that onnxruntime has not in the sets of these cases. */
const ELSEWHERE = [
  ...['If', 'Constant', 'Dropout', 'Shape', 'CumProd', 'SwiGLU', 'Scaler'],
  ...['SplitToSequence', 'SequenceConstruct', 'SequenceEmpty', 'SequenceAt', 'SequenceInsert', 'SequenceErase'],
  ...['SequenceLength', 'ConcatFromSequence'],
];

interface Output {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

const fedArrays = ({ inputs }: Case): [string, FileArray][] =>
  inputs.flatMap((array, i): [string, FileArray][] => (array && !array.stored ? [[inputName(i), array]] : []));

/** The outputs of a file in onnxruntime. */
async function byOnnxruntime(bytes: Uint8Array, example: Case, narrow: boolean): Promise<Output[]> {
  const session = await openSession(bytes, { device: 'cpu' });
  const feeds = Object.fromEntries(
    fedArrays(example).map(([name, { type, shape, values }]): [string, Tensor] => [
      name,
      feedOf(narrow && type === 'int64' ? 'int32' : type, shape, values),
    ]),
  );
  const outputs = await session.run(feeds);
  await session.dispose();
  return Array.from({ length: example.outputs ?? 1 }, (_, i) => outputs[outputName(i)] as unknown as Output);
}

function feedOf(type: FileArray['type'], dims: readonly number[], values: readonly number[]): Tensor {
  const data = {
    float32: () => Float32Array.from(values),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, BigInt),
    int8: () => Int32Array.from(values),
    uint8: () => Int32Array.from(values),
    bool: () => Uint8Array.from(values),
  }[type]();
  return { type, dims: [...dims], data } as unknown as Tensor;
}

function tensorsOf(example: Case): Record<string, tf.Tensor> {
  return Object.fromEntries(
    fedArrays(example).map(([name, { type, shape, values }]) => [
      name,
      tf.tensor([...values], [...shape], type === 'float32' || type === 'bool' ? type : 'int32'),
    ]),
  );
}

function assertEqual(actual: ArrayLike<number>, expected: Output, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.data.length, what);
  const numbers = Array.from(expected.data as ArrayLike<number>, Number);
  const scale = Math.max(1, ...numbers.filter(Number.isFinite).map(Math.abs));
  for (const [i, e] of numbers.entries()) {
    if (Number.isNaN(e) ? Number.isNaN(actual[i]!) : actual[i] === e) continue;
    assert.isAtMost(Math.abs(actual[i]! - e), tolerance * scale, `${what}[${i}]: ${actual[i]} against ${e}`);
  }
}

describe('importing ONNX: every operator equals onnxruntime', () => {
  before(() => tf.setBackend('cpu'));

  it('has a case for every operator', () => {
    const tested = new Set(Object.values(IMPORT_CASES).flatMap((cases) => cases.map(({ op }) => op)));
    const untested = Object.values(OPERATOR_FAMILIES).flatMap((operators) =>
      operators.map(({ op }) => op).filter((op) => !tested.has(op) && !ELSEWHERE.includes(op)),
    );
    assert.deepEqual(untested, []);
  });

  for (const [family, cases] of Object.entries(IMPORT_CASES)) {
    describe(family, () => {
      for (const example of cases) {
        it(`${example.op}: ${example.name}`, () => check(example));
      }
    });
  }
});

async function check(example: Case): Promise<void> {
  const bytes = fileOf(example);
  const expected = await byOnnxruntime(bytes, example, false);
  const model = importModel(bytes);
  const inputs = tensorsOf(example);
  const outputs = model.call(inputs);
  for (const [i, name] of model.outputs.entries()) {
    assert.deepEqual(outputs[name]!.shape, expected[i]!.dims.map(Number), `shape of ${name}`);
    assertEqual(await outputs[name]!.data(), expected[i]!, 1e-5, name);
  }
  if (fedArrays(example).length > 0) {
    const again = exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf });
    for (const [i, output] of (await byOnnxruntime(again.bytes, example, true)).entries()) {
      assertEqual(output.data as ArrayLike<number>, expected[i]!, 1e-5, `exported again, ${outputName(i)}`);
    }
  }
  if (example.gradient !== false) checkGradients(model, inputs);
  model.dispose();
}

/** Gradients of a weighted sum of all float outputs, in inputs and weights. */
function checkGradients(model: ReturnType<typeof importModel>, inputs: Record<string, tf.Tensor>): void {
  const value = (at: Record<string, tf.Tensor>): tf.Scalar => {
    const outputs = Object.values(model.call(at)).filter(({ dtype }) => dtype === 'float32');
    const parts = outputs.map((y) =>
      tf.sum(tf.mul(y, tf.reshape(tf.linspace(0.5, 1.5, Math.max(y.size, 1)), y.shape))),
    );
    return tf.addN(parts) as tf.Scalar;
  };
  for (const [name, tensor] of Object.entries(inputs)) {
    if (tensor.dtype !== 'float32') continue;
    const gradient = tf.tidy(() => tf.grad((x) => value({ ...inputs, [name]: x }))(tensor)).dataSync();
    compare(name, tensor.dataSync(), gradient, (moved) => value({ ...inputs, [name]: tf.tensor(moved, tensor.shape) }));
  }
  if (model.trainable.length === 0) return;
  const { grads } = tf.variableGrads(() => value(inputs), [...model.trainable]);
  for (const variable of model.trainable) {
    const start = variable.dataSync().slice() as Float32Array;
    const gradient = grads[variable.name]!.dataSync();
    compare(model.nameOf(variable)!, start, gradient, (moved) => {
      variable.assign(tf.tensor(moved, variable.shape));
      return value(inputs);
    });
    variable.assign(tf.tensor(start, variable.shape));
  }
}

function compare(
  name: string,
  values: ArrayLike<number>,
  gradient: ArrayLike<number>,
  valueAt: (moved: Float32Array) => tf.Scalar,
): void {
  const at = (i: number, delta: number): number =>
    tf.tidy(() => {
      const moved = Float32Array.from(values);
      moved[i]! += delta;
      return valueAt(moved).dataSync()[0]!;
    });
  const stride = Math.max(1, Math.floor(values.length / MOVED));
  for (let i = 0; i < values.length; i += stride) {
    const difference = (at(i, STEP) - at(i, -STEP)) / (2 * STEP);
    const tolerance = DIFFERENCE_TOLERANCE * Math.max(1, Math.abs(difference));
    assert.isAtMost(
      Math.abs(gradient[i]! - difference),
      tolerance,
      `gradient in ${name}[${i}]: ${gradient[i]} against ${difference}`,
    );
  }
}
