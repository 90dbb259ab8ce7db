/** The process that examines one net: its first argument is the stem of its files; it prints what it measured, as JSON. */
import { readFile } from 'node:fs/promises';
import { compileStep, exportOnnx, tf } from '@onnx-forge/export';
import { type ImportedModel, importModel } from '@onnx-forge/export/import';
import { openSession, Random, type Session, type Tensor } from '@onnx-forge/infer';
import onnxProto from 'onnx-proto';
import type { NetMeasures } from './net.js';
import { errorOf, readArrays, type StoredArray } from './numbers.js';

/** Batches of other sizes that the exported file must take, too. */
const OTHER_BATCHES = [1, 5];

type Feeds = Record<string, tf.Tensor>;

async function examine(stem: string): Promise<NetMeasures> {
  await tf.setBackend('cpu');
  const { inputs = [], outputs = [], factors = [], gradients = [] } = await readArrays(stem);
  const bytes = await readFile(`${stem}.onnx`);
  // Outputs in the peer's order; scikit-learn's labels are left out.
  const model = importModel(bytes, { outputs: outputs.map(({ name }) => name) });
  const names = Object.keys(model.inputs);
  const feeds = Object.fromEntries(inputs.map((array, i) => [names[i]!, tensorOf(array)]));
  const results = model.call(feeds);
  const forward = worst(model.outputs.map((name, i) => errorOf(results[name]!.dataSync(), outputs[i]!.numbers)));
  const measured = await gradientsOf(model, feeds, factors);
  const compared = gradients.filter(({ name }) => measured.has(name));
  const exported = exportOnnx(model.run, { inputs: model.inputs }, { nameOf: model.nameOf });
  return {
    forward,
    gradient: worst(compared.map(({ name, numbers }) => gradientError(measured.get(name)!, numbers))),
    compared: compared.length,
    trained: measured.size,
    again: await againError(model, { file: bytes, exported: exported.bytes }, feeds, outputs),
    nodes: [nodesOf(bytes), nodesOf(exported.bytes)],
  };
}

/** By the size of the gradient itself where that is above 1e-3: small ones are compared as strictly as large ones. */
function gradientError(actual: Float32Array, expected: Float64Array): number {
  const largest = expected.reduce((most, n) => Math.max(most, Math.abs(n)), 1e-3);
  const scaled = actual.length === expected.length ? Float64Array.from(actual, (n) => n / largest) : actual;
  const reference = expected.map((n) => n / largest);
  return errorOf(scaled, reference);
}

/** Gradients as a compiled step computes them, by name. */
async function gradientsOf(
  model: ImportedModel,
  feeds: Feeds,
  factors: readonly StoredArray[],
): Promise<Map<string, Float32Array>> {
  const weights = factors.map(tensorOf);
  const inputs = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, dtype }]) => [name, { shape, dtype: dtype as 'float32' }]),
  );
  // The step's state: a difference of weights before and after would lose digits.
  const taken = model.trainable.map((variable) => tf.variable(tf.zerosLike(variable), true));
  const step = await compileStep(
    {
      inputs,
      step: (batch) => {
        const loss = (): tf.Scalar => {
          const results = model.call(batch as Feeds);
          const parts = model.outputs.map((name, i) => tf.mean(tf.mul(results[name]!, weights[i]!)));
          return parts.reduce((a, b) => tf.add(a, b)) as tf.Scalar;
        };
        const { value, grads } = tf.variableGrads(loss, [...model.trainable]);
        model.trainable.forEach((variable, i) => {
          const gradient = grads[variable.name];
          if (gradient) taken[i]!.assign(gradient);
        });
        return { loss: value };
      },
    },
    { random: new Random(1), device: 'cpu' },
  );
  const data = Object.entries(feeds).map(([name, tensor]) => [name, tensor.dataSync()]);
  await step.run('step', Object.fromEntries(data) as Parameters<typeof step.run>[1]);
  await step.writeBack();
  return new Map(model.trainable.map((variable, i) => [model.nameOf(variable)!, taken[i]!.dataSync() as Float32Array]));
}

interface Files {
  readonly file: Uint8Array;
  readonly exported: Uint8Array;
}

/** The exported file against float64 at the given batch, and against the file it came from at others. */
async function againError(
  model: ImportedModel,
  { file, exported }: Files,
  feeds: Feeds,
  outputs: readonly StoredArray[],
): Promise<number> {
  const [before, after] = await Promise.all([file, exported].map((bytes) => openSession(bytes, { device: 'cpu' })));
  const run = async (session: Session, given: Feeds): Promise<ArrayLike<number>[]> => {
    const results = await session.run(onnxFeeds(given, session));
    return model.outputs.map((name) => results[name]!.data as Float32Array);
  };
  const atGiven = await run(after!, feeds);
  const errors = atGiven.map((data, i) => errorOf(data, outputs[i]!.numbers));
  for (const batch of OTHER_BATCHES) {
    const resized = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, resize(tensor, batch)]));
    const [expected, actual] = [await run(before!, resized), await run(after!, resized)];
    errors.push(...actual.map((data, i) => errorOf(data, expected[i]!)));
  }
  await Promise.all([before!.dispose(), after!.dispose()]);
  return worst(errors);
}

function resize(tensor: tf.Tensor, batch: number): tf.Tensor {
  const rows = Int32Array.from({ length: batch }, (_, i) => i % tensor.shape[0]!);
  return tf.gather(tensor, tf.tensor1d(rows, 'int32'));
}

/** Whole numbers as what each file wants: PyTorch's has int64, ours int32. */
function onnxFeeds(feeds: Feeds, session: Session): Record<string, Tensor> {
  const entries = Object.entries(feeds).map(([name, tensor]): [string, unknown] => {
    const wide = session.inputs[name]?.type === 'int64';
    const data = wide ? BigInt64Array.from(tensor.dataSync(), BigInt) : tensor.dataSync();
    return [name, { type: wide ? 'int64' : tensor.dtype, dims: tensor.shape, data }];
  });
  return Object.fromEntries(entries) as Record<string, Tensor>;
}

function tensorOf({ shape, whole, numbers }: StoredArray): tf.Tensor {
  return whole
    ? tf.tensor(Int32Array.from(numbers), [...shape], 'int32')
    : tf.tensor(Float32Array.from(numbers), [...shape]);
}

function worst(errors: readonly number[]): number {
  return errors.reduce((most, error) => (error <= most ? most : error), 0);
}

function nodesOf(bytes: Uint8Array): number {
  return onnxProto.onnx.ModelProto.decode(bytes).graph!.node!.length;
}

const outcome = await examine(process.argv[2]!).catch((error: Error) => ({ failed: error.message.split('\n')[0]! }));
process.stdout.write(`\n${JSON.stringify(outcome)}\n`);
