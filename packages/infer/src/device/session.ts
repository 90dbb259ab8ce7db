import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common';
import { DisposedError, GraphError, InputError } from '../errors.js';
import { type DataType, describe, fitsShape, sizeOf, type Tensor, type TensorSpec } from '../tensor.js';
import type { Runtime } from './driver.js';
import { NO_COPY_OUTPUT } from './no-copy-output.js';
import { NoCopyRunner } from './noCopy.js';
import type { SerialQueue } from './queue.js';
import type { Device, DeviceTensor, Feeds, Refusal, Session } from './types.js';

/** What a session needs from the device that opened it. */
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
  /** What a run failed with that onnxruntime does not survive. */
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
    const fetches: Record<string, OrtTensor> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      this.#check(name, tensor, this.outputs, 'output');
      if (this.#context.resident.includes(name)) {
        throw new InputError(
          `${this.#context.name}: output '${name}' stays on the device: it can't be run into an array`,
        );
      }
      fetches[name] = this.#view(tensor);
    }
    await this.#enqueue(this.#feeds(feeds), fetches);
  }

  async runResident(feeds: Feeds): Promise<Record<string, Tensor | DeviceTensor>> {
    const results = await this.#enqueue(this.#feeds(feeds));
    const outputs: Record<string, Tensor | DeviceTensor> = {};
    for (const [name, value] of Object.entries(results)) {
      const type = this.outputs[name]!.type;
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

  #enqueue(feeds: Record<string, OrtTensor>, fetches?: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>> {
    const { name, queue, runtime, explain } = this.#context;
    if (this.#disposed) return Promise.reject(new DisposedError(name));
    return queue.run(async () => {
      if (this.#broken !== undefined) {
        const message = `${name} failed before on ${this.device}, where it can't be run again: load it again`;
        throw new GraphError('graph-run', message, {}, { cause: this.#broken });
      }
      try {
        const results = await this.#run(feeds, fetches);
        if (!fetches) return results;
        if (!runtime.fillsFetches) fill(fetches, results);
        return fetches;
      } catch (error) {
        throw new GraphError('graph-run', `${name} failed on ${this.device}: ${explain(error)}`, {}, { cause: error });
      }
    });
  }

  async #run(
    feeds: Record<string, OrtTensor>,
    fetches?: Record<string, OrtTensor>,
  ): Promise<Record<string, OrtTensor>> {
    const { fillsFetches, survivesFailures } = this.#context.runtime;
    try {
      if (fetches && fillsFetches && this.#noCopy) {
        await this.#noCopy.run(feeds, fetches);
        return fetches;
      }
      const wanted = fetches ? (fillsFetches ? fetches : Object.keys(fetches)) : this.outputNames;
      return (await this.#session.run(feeds, wanted)) as Record<string, OrtTensor>;
    } catch (error) {
      if (!survivesFailures) this.#broken = error;
      throw error;
    }
  }

  #feeds(feeds: Feeds): Record<string, OrtTensor> {
    const wrapped: Record<string, OrtTensor> = {};
    for (const [name, value] of Object.entries(feeds)) {
      this.#check(name, value, this.inputs, 'input');
      wrapped[name] = isDeviceTensor(value) ? residentOf(value) : this.#view(value);
    }
    for (const name of this.#session.inputNames) {
      if (!Object.hasOwn(wrapped, name)) {
        const spec = this.inputs[name]!;
        const expected = describe(spec.type, spec.shape);
        throw new InputError(`${this.#context.name} needs its input '${name}' (${expected})`, { missing: name });
      }
    }
    return wrapped;
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
    if (value.type !== spec.type || !fitsShape(value.dims, spec.shape)) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' must be ${describe(spec.type, spec.shape)}, not ${describe(value.type, value.dims)}`,
        { name, expected: spec, dims: value.dims, type: value.type },
      );
    }
    if ('data' in value && value.data.length !== sizeOf(value.dims)) {
      throw new InputError(
        `${this.#context.name}: ${role} '${name}' has ${value.data.length} elements, which is not [${value.dims.join(', ')}]`,
        { name, dims: value.dims },
      );
    }
  }

  #view(tensor: Tensor): OrtTensor {
    let view = this.#views.get(tensor);
    if (!view) {
      view = new this.#context.runtime.Tensor(tensor.type, tensor.data, tensor.dims) as OrtTensor;
      this.#views.set(tensor, view);
    }
    return view;
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

/** Copies results into the caller's arrays; throws where the shapes differ, as onnxruntime-node does. */
function fill(fetches: Readonly<Record<string, OrtTensor>>, results: Readonly<Record<string, OrtTensor>>): void {
  for (const [name, target] of Object.entries(fetches)) {
    const result = results[name]!;
    if (result.dims.length !== target.dims.length || result.dims.some((size, axis) => size !== target.dims[axis])) {
      throw new Error(`output '${name}' is [${result.dims.join(', ')}], but its array is [${target.dims.join(', ')}]`);
    }
  }
  for (const [name, target] of Object.entries(fetches)) {
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
      return [value.name, { type, shape: value.shape }];
    }),
  );
}

function isDataType(type: string): type is DataType {
  return type === 'float32' || type === 'int32' || type === 'int64' || type === 'bool';
}
