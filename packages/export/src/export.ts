import { SignatureError } from './errors.js';
import type { DType, Value } from './graph/value.js';
import { graphFunction, graphSignature, isGraphModel } from './graph-model.js';
import { type Dimension, encodeModel, OPSET } from './onnx/writer.js';
import { compareLogs, type SizedTrace } from './record/compare-logs.js';
import { SizeFit } from './record/size-fit.js';
import { derivedSizes, sizedTraces } from './record/sized-traces.js';
import { MOST_FREE_DIMENSIONS, type Sizes } from './record/trace-sizes.js';
import type { tf } from './tfjs.js';
import { assertEqualReads, named, type TraceOptions, trace } from './trace.js';
import { type FreeDimension, unify } from './unify.js';

/** An input: a string in the shape is a free dimension, the same name the same size. */
export interface InputType {
  readonly shape: readonly Dimension[];
  /** Default float32. */
  readonly dtype?: Exclude<DType, 'int64'>;
}

export interface Signature {
  readonly inputs: Readonly<Record<string, InputType>>;
}

export interface PortType {
  readonly shape: readonly Dimension[];
  readonly dtype: DType;
}

export interface OnnxExport {
  readonly bytes: Uint8Array;
  readonly opset: number;
  readonly inputs: Readonly<Record<string, PortType>>;
  readonly outputs: Readonly<Record<string, PortType>>;
}

/** Tensors by name in, tensors by name out; variables it uses become weights of the graph. */
export type ExportableFunction = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

export interface ExportOptions {
  /** Names of the weights in the graph; default: tfjs's, which count the layers made before in this process. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
}

/** What can be exported: a function of tensors by name, or a model. */
export type Exportable = tf.LayersModel | tf.GraphModel | ExportableFunction;

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
  if (typeof target !== 'function') {
    return exportFunction(functionOf(target), signature ?? signatureOf(target), options);
  }
  if (!signature) throw new SignatureError('a function needs a signature: names, shapes and dtypes of its inputs');
  return exportFunction(target, signature, options);
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
  if (isGraphModel(target)) return graphFunction(target);
  const inputNames = unique(sourceNames(target.inputs));
  const outputNames = unique(sourceNames(target.outputs));
  return (tensors) => {
    const list = inputNames.map((name) => tensors[name]!);
    const result = target.apply(list.length === 1 ? list[0]! : list) as tf.Tensor | tf.Tensor[];
    return Object.fromEntries([result].flat().map((tensor, i) => [outputNames[i]!, tensor]));
  };
}

/** Keras's names of a model's inputs or outputs: those of their layers. A sequential model lacks `inputNames` until built. */
function sourceNames(tensors: readonly tf.SymbolicTensor[]): string[] {
  return tensors.map(({ sourceLayer }) => sourceLayer.name);
}

/** ONNX wants every name once; Keras allows a model to list an output layer twice. */
function unique(names: readonly string[]): string[] {
  const used = new Map<string, number>();
  return names.map((name) => {
    const n = used.get(name) ?? 0;
    used.set(name, n + 1);
    return n === 0 ? name : `${name}_${n}`;
  });
}

function exportFunction(f: ExportableFunction, signature: Signature, { nameOf }: ExportOptions): OnnxExport {
  const free = freeDimensions(signature);
  if (free.length > MOST_FREE_DIMENSIONS) {
    throw new SignatureError(
      `at most ${MOST_FREE_DIMENSIONS} free dimensions, not ${free.length}: ${free.join(', ')}`,
      { free },
    );
  }
  const traces = sizedTraces((sizes, options) => traceFunction(f, signature, free, sizes, options), free);
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
  const inputs = Object.entries(signature.inputs).map(([name, { shape }]) => ({
    name,
    value: first.inputs[name]!,
    dims: shape,
  }));
  const outputs = Object.entries(first.trace.outputs).map(([name, value]) => ({
    name,
    value,
    dims: outputDims[name]!,
  }));
  const types = (ports: typeof inputs): Record<string, PortType> =>
    Object.fromEntries(ports.map(({ name, value, dims }) => [name, { shape: dims, dtype: value.dtype }]));
  return {
    bytes: encodeModel({ name: 'graph', inputs, outputs }),
    opset: OPSET,
    inputs: types(inputs),
    outputs: types(outputs),
  };
}

function traceFunction(
  f: ExportableFunction,
  signature: Signature,
  free: readonly string[],
  sizes: Sizes,
  options: TraceOptions,
): SizedTrace {
  const inputs: Record<string, Value> = {};
  const traced = trace((context) => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(signature.inputs)) {
      const concrete = shape.map((n) => (typeof n === 'number' ? n : sizes[free.indexOf(n)]!));
      tensors[name] = context.input(name, { shape: concrete, dtype });
      const value = context.recorded(tensors[name]);
      const varying = shape.flatMap((n, axis) => (typeof n === 'string' ? [axis] : []));
      if (varying.length > 0) value.varying = new Set(varying);
      inputs[name] = value;
    }
    return f(tensors);
  }, options);
  const assigned = traced.variables.find(({ before, after }) => before !== after);
  if (assigned) {
    throw new SignatureError(
      `the function assigns variable ${assigned.variable.name}; export inference functions only (batch norm: call the model without training)`,
      { variable: assigned.variable.name },
    );
  }
  return { trace: traced, inputs, sizes, at: free.map((name, d) => `${name} = ${sizes[d]}`).join(', ') };
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
