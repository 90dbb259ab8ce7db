import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { ARRAYS, type DataType, describe, fitsShape, sizeOf, type Tensor, type TensorSpec } from '../arrays/tensor.js';
import { DisposedError, GraphError, InputError } from '../errors.js';
import { isShared, kindOf, typedArrayKind } from '../typed-array.js';
import type { Runtime } from './driver.js';
import { NoCopyRunner } from './no-copy.js';
import { NO_COPY_OUTPUT } from './no-copy-output.js';
import type { SerialQueue } from './queue.js';
import type { Device, DeviceTensor, Feeds, Refusal, Session } from './types.js';

type OrtTensors = Readonly<Record<string, OrtTensor>>;
/** Outputs by name, or the tensors that they are written into. */
type Wanted = readonly string[] | OrtTensors;

/** Services of the device that opened a session. */
export interface SessionContext {
  readonly device: Device;
  readonly refused: readonly Refusal[];
  readonly runtime: Runtime;
  readonly queue: SerialQueue;
  readonly name: string;
  readonly resident: readonly string[];
  readonly profiling: boolean;
  explain(error: unknown): string;
  /** Copies a tensor that lies on the device to main memory. */
  readBack(tensor: OrtTensor, type: DataType): Promise<Tensor>;
}

/** {@link Session} over onnxruntime, whichever package it comes from. */
export class OnnxSession implements Session {
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  readonly #context: SessionContext;
  readonly #session: InferenceSession;
  /** onnxruntime's view of the caller's tensors, so that tensors used again and again are wrapped once. */
  readonly #views = new WeakMap<Tensor, OrtTensor>();
  readonly #noCopy: NoCopyRunner | undefined;
  #disposed: Promise<void> | undefined;
  /** Error of the first run that onnxruntime did not survive; later runs throw it as `cause`. Undefined: none yet. */
  #broken: unknown;

  constructor(session: InferenceSession, context: SessionContext) {
    this.#session = session;
    this.#context = context;
    this.inputs = specsOf(session.inputMetadata, context.name);
    const tensors = session.outputMetadata.filter(({ name }) => name !== NO_COPY_OUTPUT);
    if (tensors.length < session.outputNames.length) this.#noCopy = new NoCopyRunner(session);
    this.outputs = specsOf(tensors, context.name);
    for (const name of context.resident) this.#known(name, this.outputs, 'output');
  }

  get device(): Device {
    return this.#context.device;
  }

  get refused(): readonly Refusal[] {
    return this.#context.refused;
  }

  get inputNames(): readonly string[] {
    return this.#session.inputNames;
  }

  get outputNames(): readonly string[] {
    return Object.keys(this.outputs);
  }

  async run(feeds: Feeds): Promise<Record<string, Tensor>> {
    const outputs = await this.runResident(feeds);
    const read = await Promise.all(
      Object.entries(outputs).map(async ([name, value]) => {
        if (!isDeviceTensor(value)) return [name, value] as const;
        const tensor = await value.read();
        value.dispose();
        return [name, tensor] as const;
      }),
    );
    return Object.fromEntries(read);
  }

  async runInto(feeds: Feeds, outputs: Readonly<Record<string, Tensor>>): Promise<void> {
    for (const [name, tensor] of this.#entries(outputs, 'output')) {
      this.#check(name, tensor, this.outputs, 'output');
      if (this.#context.resident.includes(name)) {
        throw new InputError(
          `${this.#context.name}: output '${name}' stays on the device: it can't be run into an array`,
        );
      }
    }
    const viewed = this.#feeds(feeds, (tensor) => this.#view(tensor));
    if (this.#context.runtime.fillsFetches && Object.values(outputs).every(canBeWrapped)) {
      const fetches = Object.entries(outputs).map(([name, tensor]) => [name, this.#view(tensor)]);
      await this.#enqueue(viewed, Object.fromEntries(fetches));
    } else {
      await this.#enqueue(viewed, Object.keys(outputs), (results) => fill(outputs, results));
    }
  }

  async runResident(feeds: Feeds): Promise<Record<string, Tensor | DeviceTensor>> {
    const copied = this.#feeds(feeds, (tensor) => this.#copy(tensor));
    const results = await this.#enqueue(copied, this.outputNames);
    const outputs: Record<string, Tensor | DeviceTensor> = {};
    for (const [name, value] of Object.entries(results)) {
      const type = this.outputs[name]!.dtype;
      outputs[name] =
        value.location === 'cpu'
          ? { type, dims: value.dims, data: value.data as Tensor['data'] }
          : new ResidentTensor(value, type, this.#context);
    }
    return outputs;
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#context.queue.run(async () => {
      if (this.#context.profiling) this.#session.endProfiling();
      await this.#session.release();
    });
    return this.#disposed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #enqueue(feeds: OrtTensors, wanted: Wanted, use?: (results: OrtTensors) => void): Promise<OrtTensors> {
    const { name, queue, explain } = this.#context;
    if (this.#disposed) return Promise.reject(new DisposedError(name));
    return queue.run(async () => {
      if (this.#broken !== undefined) {
        const message = `${name} failed before on ${this.device}, where it can't be run again: load it again`;
        throw new GraphError('graph-run', message, {}, { cause: this.#broken });
      }
      const gone = Object.entries(feeds).find(([, tensor]) => wasTransferred(tensor));
      if (gone) throw new InputError(`${name}: the array of input '${gone[0]}' was transferred before the graph ran`);
      try {
        const results = await this.#run(feeds, wanted);
        use?.(results);
        return results;
      } catch (error) {
        throw new GraphError('graph-run', `${name} failed on ${this.device}: ${explain(error)}`, {}, { cause: error });
      }
    });
  }

  async #run(feeds: OrtTensors, wanted: Wanted): Promise<OrtTensors> {
    try {
      if (!isNames(wanted) && this.#noCopy) {
        await this.#noCopy.run(feeds, wanted);
        return wanted;
      }
      return (await this.#session.run(feeds, wanted)) as OrtTensors;
    } catch (error) {
      if (!this.#context.runtime.survivesFailures) this.#broken = error;
      throw error;
    }
  }

  #feeds(feeds: Feeds, wrap: (tensor: Tensor) => OrtTensor): Record<string, OrtTensor> {
    const wrapped: Record<string, OrtTensor> = {};
    for (const [name, value] of this.#entries(feeds, 'input')) {
      this.#check(name, value, this.inputs, 'input');
      wrapped[name] = isDeviceTensor(value) ? residentOf(value) : wrap(value);
    }
    for (const name of this.#session.inputNames) {
      if (!Object.hasOwn(wrapped, name)) {
        const spec = this.inputs[name]!;
        const expected = describe(spec.dtype, spec.shape);
        throw new InputError(`${this.#context.name} needs its input '${name}' (${expected})`, { missing: name });
      }
    }
    return wrapped;
  }

  #entries<T>(tensors: Readonly<Record<string, T>>, role: 'input' | 'output'): [string, T][] {
    if (typeof tensors === 'object' && tensors !== null) return Object.entries(tensors);
    throw new InputError(`${this.#context.name}: ${role}s must be tensors by their names, not ${kindOf(tensors)}`);
  }

  #known(name: string, specs: Readonly<Record<string, TensorSpec>>, role: string): TensorSpec {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec) return spec;
    const names = Object.keys(specs).join(', ');
    throw new InputError(`${this.#context.name} has no ${role} '${name}'; it has: ${names}`, { name });
  }

  #check(
    name: string,
    value: Tensor | DeviceTensor,
    specs: Readonly<Record<string, TensorSpec>>,
    role: 'input' | 'output',
  ): void {
    const spec = this.#known(name, specs, role);
    if (!Array.isArray(value?.dims)) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' must be a tensor, { type, dims, data }, not ${kindOf(value)}`,
        { name, expected: spec },
      );
    }
    if (value.type !== spec.dtype || !fitsShape(value.dims, spec.shape)) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' must be ${describe(spec.dtype, spec.shape)}, not ${describe(value.type, value.dims)}`,
        { name, expected: spec, dims: value.dims, type: value.type },
      );
    }
    if (isDeviceTensor(value)) return;
    const kind = typedArrayKind(value.data);
    if (kind !== ARRAYS[spec.dtype].name) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' must be a ${ARRAYS[spec.dtype].name}, not ${kindOf(value.data)}`,
        { name, expected: spec, kind },
      );
    }
    if (value.data.length !== sizeOf(value.dims)) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' has ${value.data.length} elements, which is not [${value.dims.join(', ')}]`,
        { name, dims: value.dims },
      );
    }
  }

  /** Over the caller's array, unless that is of another realm or shared, which onnxruntime does not take. */
  #view(tensor: Tensor): OrtTensor {
    const { type, data, dims } = tensor;
    if (!canBeWrapped(tensor)) return this.#copy(tensor);
    let view = this.#views.get(tensor);
    if (!view) {
      view = new this.#context.runtime.Tensor(type, data, dims) as OrtTensor;
      this.#views.set(tensor, view);
    }
    return view;
  }

  #copy({ type, data, dims }: Tensor): OrtTensor {
    const copy = new ARRAYS[type](data as Iterable<number> & Iterable<bigint>);
    return new this.#context.runtime.Tensor(type, copy, [...dims]) as OrtTensor;
  }
}

class ResidentTensor implements DeviceTensor {
  readonly type: DataType;
  readonly #tensor: OrtTensor;
  readonly #context: SessionContext;

  constructor(tensor: OrtTensor, type: DataType, context: SessionContext) {
    this.#tensor = tensor;
    this.#context = context;
    this.type = type;
  }

  get dims(): readonly number[] {
    return this.#tensor.dims;
  }

  get device(): Device {
    return this.#context.device;
  }

  read(): Promise<Tensor> {
    return this.#context.readBack(this.#tensor, this.type);
  }

  dispose(): void {
    this.#tensor.dispose();
  }

  static unwrap(tensor: ResidentTensor): OrtTensor {
    return tensor.#tensor;
  }
}

function isDeviceTensor(value: Tensor | DeviceTensor): value is DeviceTensor {
  return !('data' in value);
}

function residentOf(value: DeviceTensor): OrtTensor {
  if (value instanceof ResidentTensor) return ResidentTensor.unwrap(value);
  throw new InputError('a device tensor must come from a session of this library');
}

function isNames(wanted: Wanted): wanted is readonly string[] {
  return Array.isArray(wanted);
}

/** Whether onnxruntime takes the array itself: it knows arrays by `instanceof`, and Node's can't use shared memory. */
function canBeWrapped({ type, data }: Tensor): boolean {
  return data instanceof ARRAYS[type] && !isShared(data);
}

/** An array that was sent elsewhere (`postMessage(..., [buffer])`) is empty. */
function wasTransferred(tensor: OrtTensor): boolean {
  return tensor.location === 'cpu' && tensor.data.length < tensor.size;
}

/** Copies results into the caller's arrays; throws where the shapes differ, as onnxruntime-node does. */
function fill(outputs: Readonly<Record<string, Tensor>>, results: OrtTensors): void {
  for (const [name, target] of Object.entries(outputs)) {
    const result = results[name]!;
    if (result.dims.length !== target.dims.length || result.dims.some((size, axis) => size !== target.dims[axis])) {
      throw new Error(`output '${name}' is [${result.dims.join(', ')}], but its array is [${target.dims.join(', ')}]`);
    }
  }
  for (const [name, target] of Object.entries(outputs)) {
    (target.data as Float32Array).set(results[name]!.data as Float32Array);
  }
}

function specsOf(metadata: readonly InferenceSession.ValueMetadata[], name: string): Record<string, TensorSpec> {
  return Object.fromEntries(
    metadata.map((value) => {
      const type = value.isTensor ? value.type : 'no tensor';
      if (!value.isTensor || !isDataType(type)) {
        throw new GraphError(
          'graph-signature',
          `${name}: '${value.name}' is ${type}; float32, int32, int64 and bool are supported`,
        );
      }
      return [value.name, { dtype: type, type, shape: value.shape }];
    }),
  );
}

function isDataType(type: string): type is DataType {
  return type === 'float32' || type === 'int32' || type === 'int64' || type === 'bool';
}
