/** The process that examines one model: its first argument is the model, as JSON; it prints the outcome, as JSON. */
import {
  type ExportableFunction,
  exportOnnx,
  functionOf,
  type InputType,
  type OnnxExport,
  type Signature,
  tf,
} from '@onnx-forge/export';
import { readGraphModel, readModel } from '@onnx-forge/export/sources';
import { ForgeError, openSession, type Tensor } from '@onnx-forge/infer';
import onnxProto from 'onnx-proto';
import { timeCalls } from '../worker/timing.js';
import { type Arrays, compare, worse } from './compare.js';
import { registerUpscalerLayers } from './custom-layers.js';
import { inputFor, sizesFor } from './inputs.js';
import { type Comparison, type Exported, type Outcome, TOLERANCE, type ZooModel } from './zoo-model.js';

const WASM = '@tensorflow/tfjs-backend-wasm';
const THREADS = 2;

async function examine(model: ZooModel): Promise<Outcome> {
  if (model.pixelShuffle !== undefined) registerUpscalerLayers(model.pixelShuffle);
  await tf.setBackend('cpu');
  const { run, signature, reference } = await open(model);
  const { exported, fixed } = exportFree(run, signature);
  const session = await openSession(exported.bytes, { device: 'cpu', threads: THREADS });
  const ours = async (feeds: Feeds): Promise<Arrays> =>
    Object.fromEntries(
      Object.entries(await session.run(feeds)).map(([name, { data }]) => [name, data as Float32Array]),
    );
  const trials = [0, 1].map((trial) => feedsFor(exported, trial)) as [Feeds, Feeds];
  const [first, second] = trials;
  const start = performance.now();
  const expected = await reference(first);
  const cpu = performance.now() - start;
  const atFirst = compare(await ours(first), expected);
  const wasm = await onWasm(run, first, expected);
  const atSecond = await compareSecond(await ours(second), run, reference, second, wasm !== undefined);
  return {
    status: 'exported',
    megabytes: exported.bytes.length / 1e6,
    nodes: onnxProto.onnx.ModelProto.decode(exported.bytes).graph!.node!.length,
    ...(fixed && { fixed }),
    comparison: worse(atFirst, atSecond),
    ...(wasm && { wasmError: wasm.error }),
    times: { cpu, ours: await timeOf(() => ours(first)), ...(wasm && { wasm: wasm.ms }) },
  };
}

/** With tfjs wasm: tfjs cpu takes a minute for some, and decides only where wasm is lacking or does not agree. */
async function compareSecond(
  actual: Arrays,
  run: ExportableFunction,
  reference: Opened['reference'],
  feeds: Feeds,
  hasWasm: boolean,
): Promise<Comparison> {
  const withWasm = hasWasm ? compare(actual, await onTfjs(run, feeds)) : undefined;
  if (withWasm && withWasm.error <= TOLERANCE) return withWasm;
  await tf.setBackend('cpu');
  const withCpu = compare(actual, await reference(feeds));
  return withWasm && withWasm.error < withCpu.error ? withWasm : withCpu;
}

interface Opened {
  readonly run: ExportableFunction;
  readonly signature: Signature;
  /** The model on tfjs's current backend. */
  readonly reference: (feeds: Feeds) => Promise<Arrays>;
}

async function open({ file, given }: ZooModel): Promise<Opened> {
  if (!given) {
    const { run, signature } = await readModel(file);
    return { run, signature, reference: (feeds) => onTfjs(run, feeds) };
  }
  const model = await readGraphModel(file);
  const whole = functionOf(model);
  const values = Object.entries(given.values).map(([name, numbers]) => [name, tf.keep(tf.tensor1d([...numbers]))]);
  const constants = Object.fromEntries(values) as tf.NamedTensorMap;
  const inputs = Object.fromEntries(Object.entries(given.shapes).map(([name, shape]) => [name, { shape }]));
  // tfjs's own way of running a graph with branches, not ours.
  const reference = async (feeds: Feeds): Promise<Arrays> => {
    const names = model.outputNodes;
    const results = (await model.executeAsync({ ...tensorsOf(feeds), ...constants }, names)) as tf.Tensor[];
    return Object.fromEntries(await Promise.all(results.map(async (tensor, i) => [names[i]!, await tensor.data()])));
  };
  return { run: (tensors) => whole({ ...tensors, ...constants }), signature: { inputs }, reference };
}

type Feeds = Readonly<Record<string, Tensor>>;

/** With all free dimensions; where that is refused, with each of them fixed. */
function exportFree(
  run: ExportableFunction,
  signature: Signature,
): { exported: OnnxExport; fixed?: Exported['fixed'] } {
  try {
    return { exported: exportOnnx(run, signature) };
  } catch (error) {
    const free = freeDimensions(signature.inputs);
    if (!(error instanceof ForgeError) || free.length === 0) throw error;
    const sizes = sizesFor(free, 0);
    const fix = (n: number | string): number => (typeof n === 'number' ? n : sizes[n]!);
    const inputs = Object.entries(signature.inputs).map(([name, type]): [string, InputType] => [
      name,
      { ...type, shape: type.shape.map(fix) },
    ]);
    return {
      exported: exportOnnx(run, { inputs: Object.fromEntries(inputs) }),
      // The place that the message names is in this file.
      fixed: { sizes, reason: error.message.replace(/ at \S+:\d+:\d+/, '') },
    };
  }
}

function freeDimensions(inputs: Readonly<Record<string, { shape: readonly (number | string)[] }>>): string[] {
  const names = Object.values(inputs).flatMap(({ shape }) => shape.filter((n) => typeof n === 'string'));
  return [...new Set(names)];
}

function feedsFor({ inputs }: OnnxExport, trial: number): Feeds {
  const sizes = sizesFor(freeDimensions(inputs), trial);
  return Object.fromEntries(Object.entries(inputs).map(([name, type]) => [name, inputFor(type, sizes, trial)]));
}

function tensorsOf(feeds: Feeds): Record<string, tf.Tensor> {
  const tensors = Object.entries(feeds).map(([name, { data, dims, type }]) => {
    return [name, tf.tensor(data as Float32Array, [...dims], type as 'float32')];
  });
  return Object.fromEntries(tensors) as tf.NamedTensorMap;
}

async function onTfjs(run: ExportableFunction, feeds: Feeds): Promise<Arrays> {
  const results = tf.tidy(() => run(tensorsOf(feeds)) as tf.NamedTensorMap);
  const read = Object.entries(results).map(async ([name, tensor]) => [name, await tensor.data()] as const);
  const arrays = Object.fromEntries(await Promise.all(read));
  tf.dispose(results);
  return arrays;
}

async function timeOf(call: () => Promise<unknown>): Promise<number> {
  return (await timeCalls(call, { budgetMs: 300, warmUpMs: 100 })).ms;
}

/** tfjs's wasm backend has not all kernels, and not all of them for every dtype. */
async function onWasm(
  run: ExportableFunction,
  feeds: Feeds,
  expected: Arrays,
): Promise<{ ms: number; error: number } | undefined> {
  await import(WASM);
  await tf.setBackend('wasm');
  try {
    const { error } = compare(await onTfjs(run, feeds), expected);
    return { ms: await timeOf(() => onTfjs(run, feeds)), error };
  } catch (error) {
    if (/not registered for the backend|not yet supported/.test((error as Error).message)) return undefined;
    throw error;
  }
}

function failure(error: unknown): Outcome {
  if (error instanceof ForgeError) return { status: 'refused', code: error.code, reason: error.message };
  return { status: 'broken', reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

const model = JSON.parse(process.argv[2]!) as ZooModel;
const outcome = await examine(model).catch(failure);
process.stdout.write(`\n${JSON.stringify(outcome)}\n`);
