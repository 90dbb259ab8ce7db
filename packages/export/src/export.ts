import { SignatureError } from './errors.js';
import type { DType, Value } from './graph/value.js';
import type { ExternalData, ExternalDataOptions } from './onnx/external.js';
import { UniqueNames } from './onnx/names.js';
import { type Dimension, OPSET, writeModel } from './onnx/writer.js';
import { nodeScopes } from './record/node-scopes.js';
import { checkSignature, outputsOf } from './signature.js';
import type { tf } from './tfjs.js';
import { named, type Trace, trace } from './trace.js';
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
  /** Files that must lie beside the model's, by name: weights that one file can't hold. Most models have none. */
  readonly externalData: ExternalData;
  readonly opset: number;
  readonly inputs: Readonly<Record<string, PortType>>;
  readonly outputs: Readonly<Record<string, PortType>>;
}

/** Tensors by name in, tensors by name out; variables it uses become weights of the graph. */
export type ExportableFunction = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

export interface ExportOptions {
  /** Names of the weights in the graph; default: tfjs's, which count the layers made before in this process. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
  /** When weights go into files beside the model's; default: above what one file holds (2 GiB). */
  readonly externalData?: ExternalDataOptions;
  /** What the file says of where it comes from (`metadata_props`): recipe, data set, licence ... */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Sizes that a free dimension takes in the traces: primes that no architecture uses, so that no size matches by accident. */
const TRACE_SIZES = [
  [11, 13, 17],
  [19, 23, 29],
  [31, 37, 41],
  [43, 47, 53],
] as const;

/**
 * Writes a tfjs function or layers model as an ONNX model with its weights inside. Dimensions that the signature (or
 * the layers model) leaves open stay free.
 * @throws UnsupportedKernelError, TracedReadError, TraceMismatchError (a frozen random number, say), SignatureError.
 */
export function exportOnnx(target: tf.LayersModel, signature?: undefined, options?: ExportOptions): OnnxExport;
export function exportOnnx(target: ExportableFunction, signature: Signature, options?: ExportOptions): OnnxExport;
export function exportOnnx(
  target: tf.LayersModel | ExportableFunction,
  signature?: Signature,
  options: ExportOptions = {},
): OnnxExport {
  if (typeof target !== 'function') return exportFunction(functionOf(target), signatureOf(target), options);
  if (!signature) throw new SignatureError('a function needs a signature: names, shapes and dtypes of its inputs');
  return exportFunction(target, signature, options);
}

/** The model's own signature: axis 0 is `batch`, other open axes are named after their input. */
function signatureOf(model: tf.LayersModel): Signature {
  const names = unique(sourceNames(model.inputs));
  const inputs = model.inputs.map(({ shape, dtype }, i): [string, InputType] => {
    const name = names[i]!;
    const dims = shape.map((n, axis) => n ?? (axis === 0 ? 'batch' : `${name}_${axis}`));
    return [name, { shape: dims, dtype: dtype as 'float32' }];
  });
  return { inputs: Object.fromEntries(inputs) };
}

/** A layers model as a function of its inputs by name; a function as it is. */
export function functionOf(target: tf.LayersModel | ExportableFunction): ExportableFunction {
  if (typeof target === 'function') return target;
  const inputNames = unique(sourceNames(target.inputs));
  const outputNames = unique(sourceNames(target.outputs), inputNames);
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

/** ONNX wants every name once; Keras allows a model to list an output layer twice, or an input as an output. */
function unique(names: readonly string[], taken: readonly string[] = []): string[] {
  const known = new UniqueNames(taken);
  return names.map((name) => known.of(name));
}

function exportFunction(
  f: ExportableFunction,
  signature: Signature,
  { nameOf, externalData, metadata }: ExportOptions,
): OnnxExport {
  checkSignature(signature);
  const free = freeDimensions(signature);
  if (free.length > TRACE_SIZES.length) {
    throw new SignatureError(`at most ${TRACE_SIZES.length} free dimensions, not ${free.length}: ${free.join(', ')}`, {
      free,
    });
  }
  const sizesAt = (k: 0 | 1 | 2): number[] => free.map((_, d) => TRACE_SIZES[d]![k]);
  const base = sizesAt(0);
  const run = (sizes: readonly number[]): TracedFunction => traceFunction(f, signature, free, sizes);
  const first = run(base);
  const varied = free.map((_, d) => run(base.map((size, i) => (i === d ? TRACE_SIZES[d]![1] : size))).trace);
  const outputDims = unify({
    base: first.trace,
    again: run(base).trace,
    varied,
    check: free.length > 0 ? run(sizesAt(2)).trace : undefined,
    dimensions: free.map((name) => locate(name, signature, first.inputs)),
    sizes: { base, varied: sizesAt(1), check: sizesAt(2) },
  });
  for (const { variable, before } of first.trace.variables) named(before, nameOf?.(variable) ?? variable.name);
  const scopes = nodeScopes(first.trace.log, nameOf !== undefined);
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
    ...writeModel({ name: 'graph', inputs, outputs, metadata, scopes }, externalData),
    opset: OPSET,
    inputs: types(inputs),
    outputs: types(outputs),
  };
}

interface TracedFunction {
  readonly trace: Trace;
  readonly inputs: Record<string, Value>;
}

function traceFunction(
  f: ExportableFunction,
  signature: Signature,
  free: readonly string[],
  sizes: readonly number[],
): TracedFunction {
  const inputs: Record<string, Value> = {};
  const traced = trace((context) => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, { shape, dtype = 'float32' }] of Object.entries(signature.inputs)) {
      const concrete = shape.map((n) => (typeof n === 'number' ? n : sizes[free.indexOf(n)]!));
      tensors[name] = context.input(name, { shape: concrete, dtype });
      inputs[name] = context.recorded(tensors[name]);
    }
    return outputsOf(f(tensors), signature);
  });
  const assigned = traced.variables.find(({ before, after }) => before !== after);
  if (assigned) {
    throw new SignatureError(
      `the function assigns variable ${assigned.variable.name}; export inference functions only (batch norm: call the model without training)`,
      { variable: assigned.variable.name },
    );
  }
  return { trace: traced, inputs };
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
