import { ForgeError } from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { exactSigmoids } from '../graph/exact-sigmoids.js';
import { gemmBiases } from '../graph/gemm-biases.js';
import { layerNormalisations } from '../graph/layer-normalisations.js';
import type { Value } from '../graph/value.js';
import type { ExternalData, ExternalDataOptions } from '../onnx/external.js';
import { UniqueNames } from '../onnx/names.js';
import { OPSET, writeModel } from '../onnx/writer.js';
import { compareLogs, type SizedTrace } from '../record/compare-logs.js';
import type { FreeDimension } from '../record/computed-constants.js';
import { nodeScopes } from '../record/node-scopes.js';
import { recordNode } from '../record/one-node.js';
import { recordLoop } from '../record/record-loop.js';
import { type CarriedState, layersAlongFreeTime, RecurrentLayers } from '../record/recurrent.js';
import { SizeFit } from '../record/size-fit.js';
import { derivedSizes, sizedTraces } from '../record/sized-traces.js';
import { assertEqualReads, named, type TensorType, type TraceOptions, trace } from '../record/trace.js';
import { MOST_FREE_DIMENSIONS, type Sizes } from '../record/trace-sizes.js';
import { undoneOnFailure } from '../record/undo.js';
import { unify } from '../record/unify.js';
import { tf } from '../tfjs.js';
import type { Exportable, ExportableFunction, InputType, PortType, Signature } from './exportable.js';
import { graphFunction, graphSignature, isGraphModel } from './graph-model.js';
import { checkSignature, isThenable, nameOfKind, outputsOf } from './signature.js';

export interface OnnxExport {
  readonly bytes: Uint8Array;
  /** Files that must lie beside the model's, by name: weights that one file can't hold. Most models have none. */
  readonly externalData: ExternalData;
  readonly opset: number;
  readonly inputs: Readonly<Record<string, PortType>>;
  readonly outputs: Readonly<Record<string, PortType>>;
  /**
   * States of stateful recurrent layers: by the input that holds one before the call, the output that holds it
   * afterwards. Zeros at first, as after `resetStates()`. Absent if there are none.
   */
  readonly states?: Readonly<Record<string, string>>;
}

export interface ExportOptions {
  /** Names of the weights in the graph; default: tfjs's, which count the layers that the process has made before. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
  /** When weights go into files beside the model's; default: above what one file holds (2 GiB). */
  readonly externalData?: ExternalDataOptions;
  /** Provenance written into the file (`metadata_props`): recipe, data set, licence ... */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * How many sizes of free dimensions the function is traced at. `few`: for a function that has been exported before and
   * differs in its weights alone. Default: as many as tell whether it does something else at some size.
   */
  readonly traces?: 'all' | 'few';
}

/**
 * Writes a tfjs function, layers model or graph model as an ONNX model with its weights inside. Dimensions that the
 * signature (a model has its own, too) leaves open stay free.
 * @throws UnsupportedKernelError, TracedReadError, TraceMismatchError (a frozen random number, say), SignatureError.
 */
export function exportOnnx(
  target: tf.LayersModel | tf.GraphModel,
  signature?: Signature,
  options?: ExportOptions,
): OnnxExport;
export function exportOnnx(target: ExportableFunction, signature: Signature, options?: ExportOptions): OnnxExport;
export function exportOnnx(target: Exportable, signature?: Signature, options: ExportOptions = {}): OnnxExport {
  return undoneOnFailure(() => {
    if (typeof target !== 'function') {
      const run = functionOf(target);
      return ofModel(() => exportFunction(run, signature ?? signatureOf(target), options));
    }
    if (!signature) throw new SignatureError('a function needs a signature: names, shapes and dtypes of its inputs');
    return exportFunction(target, signature, options);
  });
}

/** The model's own signature: axis 0 is `batch`, other open axes are named after their input. */
export function signatureOf(model: tf.LayersModel | tf.GraphModel): Signature {
  if (isGraphModel(model)) return graphSignature(model);
  const names = unique(sourceNames(model.inputs));
  const inputs = model.inputs.map(({ shape, dtype }, i): [string, InputType] => {
    const name = names[i]!;
    const dims = shape.map((n, axis) => n ?? (axis === 0 ? 'batch' : `${name}_${axis}`));
    return [name, { shape: dims, dtype: dtype as 'float32' }];
  });
  return { inputs: Object.fromEntries(inputs) };
}

/** A model as a function of its inputs by name; a function as it is. */
export function functionOf(target: Exportable): ExportableFunction {
  if (typeof target === 'function') return target;
  requireModel(target);
  if (isGraphModel(target)) return graphFunction(target);
  assertSameCopy(target);
  if ((target.inputs ?? []).length === 0) {
    throw new SignatureError(`model ${target.name} has no inputs yet: give its first layer an inputShape`);
  }
  const inputNames = unique(sourceNames(target.inputs));
  const outputNames = unique(sourceNames(target.outputs), inputNames);
  return (tensors) => {
    const list = inputNames.flatMap((name) => tensors[name] ?? []);
    if (list.length < inputNames.length) {
      const given = Object.keys(tensors).join(', ');
      throw new SignatureError(`the model's inputs are ${inputNames.join(', ')}, not ${given || 'none'}`);
    }
    const result = target.apply(list.length === 1 ? list[0]! : list) as tf.Tensor | tf.Tensor[];
    return Object.fromEntries([result].flat().map((tensor, i) => [outputNames[i]!, tensor]));
  };
}

/** @throws SignatureError for anything else than a layers model or a graph model */
function requireModel(target: unknown): void {
  const isModel = typeof target === 'object' && target !== null && 'predict' in target && !isThenable(target);
  if (isModel) return;
  throw new SignatureError(`a function, a layers model or a graph model can be exported, not ${nameOfKind(target)}`);
}

/** Errors of tfjs itself in its own model, in a class of this package. */
function ofModel<T>(f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new SignatureError(
      `tfjs can't run the model: ${error instanceof Error ? error.message : error}`,
      {},
      { cause: error },
    );
  }
}

/** @throws SignatureError for a model of another copy of tfjs, whose layers a trace would not know */
function assertSameCopy(model: tf.LayersModel): void {
  if (model instanceof tf.LayersModel) return;
  const { keras_version } = (model as tf.LayersModel).toJSON('', false) as { keras_version?: string };
  throw new SignatureError(
    `the model is of another copy of tfjs (${keras_version ?? 'of an unknown version'}; this one is ${tf.version.tfjs}): have npm install one only (npm dedupe, or the same version)`,
  );
}

/** Keras's names of a model's inputs or outputs: those of their layers. A sequential model lacks `inputNames` until built. */
function sourceNames(tensors: readonly tf.SymbolicTensor[]): string[] {
  return tensors.map(({ sourceLayer }) => sourceLayer.name);
}

/** ONNX wants every name once; Keras allows a model to list an output layer twice, or an input as an output. */
function unique(names: readonly string[], taken: readonly string[] = []): string[] {
  const known = new UniqueNames(taken);
  return names.map((name) => known.of(name));
}

function exportFunction(
  f: ExportableFunction,
  signature: Signature,
  { nameOf, externalData, metadata, traces: extent = 'all' }: ExportOptions,
): OnnxExport {
  checkSignature(signature);
  const free = freeDimensions(signature);
  if (free.length > MOST_FREE_DIMENSIONS) {
    throw new SignatureError(
      `at most ${MOST_FREE_DIMENSIONS} free dimensions, not ${free.length}: ${free.join(', ')}`,
      { free },
    );
  }
  const scanned = layersAlongFreeTime(free, (sizes) => traceFunction(f, signature, free, sizes, { nameOf }).recurrent);
  let carried: readonly CarriedState[] = [];
  const traces = sizedTraces(
    (sizes, options) => {
      const { recurrent, ...sized } = traceFunction(f, signature, free, sizes, { ...options, nameOf }, scanned);
      carried = recurrent.carried;
      return sized;
    },
    free,
    { named: extent === 'all' ? numbersIn(f) : [], extent },
  );
  const { base: first, again, large, small, changed } = traces;
  assertEqualReads(first.trace, again.trace);
  const dimensions = free.map((name) => locate(name, signature, first.inputs));
  const all = [first, ...large, ...small];
  const freeSizes = dimensions.map(({ name }) => all.map(({ sizes }) => sizes[free.indexOf(name)]!));
  const derived = derivedSizes(all, freeSizes);
  const atoms = [...freeSizes.map((values) => ({ values, call: -1 })), ...derived];
  const fit = new SizeFit(free.length, atoms);
  unify({ base: first.trace, again: again.trace, others: [], dimensions: [] });
  compareLogs(all, fit);
  const outputDims = unify({
    base: first.trace,
    again: again.trace,
    others: large.map(({ trace }) => trace),
    changed,
    dimensions,
    fit: fit.first(1 + large.length),
    sources: [...dimensions.map(({ input, axis }) => ({ value: input, axis })), ...derived],
  });
  for (const { variable, before } of first.trace.variables) named(before, nameOf?.(variable) ?? variable.name);
  const scopes = nodeScopes(first.trace.log, nameOf !== undefined);
  const inputs = Object.entries(first.inputs).map(([name, value]) => {
    return { name, value, dims: signature.inputs[name]?.shape ?? value.shape };
  });
  exactSigmoids(Object.values(first.trace.outputs));
  layerNormalisations(Object.values(first.trace.outputs));
  gemmBiases(Object.values(first.trace.outputs));
  const outputs = Object.entries(first.trace.outputs).map(([name, value]) => ({
    name,
    value,
    dims: outputDims[name]!,
  }));
  const types = (ports: typeof inputs): Record<string, PortType> =>
    Object.fromEntries(ports.map(({ name, value, dims }) => [name, { shape: dims, dtype: value.dtype }]));
  return {
    ...writeModel({ name: 'graph', inputs, outputs, metadata, scopes }, externalData),
    opset: OPSET,
    inputs: types(inputs),
    outputs: types(outputs),
    ...(carried.length > 0 && { states: Object.fromEntries(carried.map(({ input, output }) => [input, output])) }),
  };
}

interface TracedFunction extends SizedTrace {
  readonly recurrent: RecurrentLayers;
}

function traceFunction(
  f: ExportableFunction,
  signature: Signature,
  free: readonly string[],
  sizes: Sizes,
  options: TraceOptions,
  scanned: ReadonlySet<tf.layers.Layer> = new Set(),
): TracedFunction {
  const inputs: Record<string, Value> = {};
  let recurrent!: RecurrentLayers;
  const traced = trace(
    (context) => {
      const declare = (name: string, type: TensorType): tf.Tensor => {
        if (Object.hasOwn(inputs, name))
          throw new SignatureError(`two inputs are called ${name}; rename the recurrent layer`, { name });
        const tensor = context.input(name, type);
        inputs[name] = context.recorded(tensor);
        return tensor;
      };
      recurrent = new RecurrentLayers({ state: declare, scanned: { layers: scanned, context } });
      const tensors: Record<string, tf.Tensor> = {};
      for (const [name, { shape, dtype = 'float32' }] of Object.entries(signature.inputs)) {
        const concrete = shape.map((n) => (typeof n === 'number' ? n : sizes[free.indexOf(n)]!));
        tensors[name] = declare(name, { shape: concrete, dtype });
        const varying = shape.flatMap((n, axis) => (typeof n === 'string' ? [axis] : []));
        if (varying.length > 0) inputs[name]!.varying = new Set(varying);
      }
      return recurrent.outputsOf(() => outputsOf(f(tensors), signature));
    },
    { ...options, loops: recordLoop, nodes: recordNode },
  );
  const assigned = traced.variables.find(({ before, after }) => before !== after);
  if (assigned) {
    throw new SignatureError(
      `the function assigns variable ${assigned.variable.name}; export inference functions only (batch norm: call the model without training)`,
      { variable: assigned.variable.name },
    );
  }
  const at = free.map((name, d) => `${name} = ${sizes[d]}`).join(', ');
  return { trace: traced, inputs, sizes, at, recurrent };
}

/** Whole numbers in the text of a function: sizes that it may compare its own with. */
function numbersIn(f: ExportableFunction): number[] {
  const found = String(f).match(/(?<![\w.])\d{1,4}(?![\w.])/g) ?? [];
  return [...new Set(found.map(Number))].slice(0, 12);
}

function freeDimensions({ inputs }: Signature): string[] {
  const names = Object.values(inputs).flatMap(({ shape }) => shape.filter((n) => typeof n === 'string'));
  return [...new Set(names)];
}

function locate(name: string, { inputs }: Signature, values: Record<string, Value>): FreeDimension {
  for (const [input, { shape }] of Object.entries(inputs)) {
    const axis = shape.indexOf(name);
    if (axis >= 0) return { name, input: values[input]!, axis };
  }
  throw new Error(`free dimension ${name} is not in the signature`);
}
