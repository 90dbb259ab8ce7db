import { SignatureError } from '../errors.js';
import { constant, reshape } from '../graph/build.js';
import { Complex, type Content, Strings } from '../graph/content.js';
import { type Dialect, STANDARD } from '../graph/dialect.js';
import {
  type ConstantData,
  constantData,
  type DType,
  neededBy,
  storedData,
  topologicalOrder,
  Value,
} from '../graph/value.js';
import { tf } from '../tfjs.js';
import type { Loop, LoopState } from './loop-description.js';
import type { OneNode } from './one-node-description.js';

type DataId = object;

const GONE =
  'a tensor is used that was disposed before, or is of another trace: what a traced function computes stands for no numbers after it has returned';
type TypedValues = Float32Array | Int32Array | Uint8Array;

interface Entry {
  readonly content: Content;
  references: number;
}

/** Evaluates or refuses a value that the program reads; `read` gets those that are not constants. */
export interface ReadPolicy {
  read(values: readonly Value[]): Promise<readonly ConstantData[]>;
  readSync(value: Value): ConstantData;
}

/** A backend that may have tensors still to be computed. */
interface Deferring extends tf.KernelBackend {
  /** Reads a tensor that is still to be computed, when called; undefined when its numbers are there. */
  deferred?(dataId: DataId): (() => tf.backend_util.BackendValues) | undefined;
}

/** Contents of tensors that other backends hold. */
export type ForeignContents = WeakMap<DataId, Content>;

export type KernelListener = (
  kernel: string,
  inputs: Readonly<Record<string, Content | readonly Content[]>>,
  attrs: tf.NamedAttrMap,
  outputs: readonly Content[],
) => void;

export type UnsupportedListener = (kernel: string, inputs: Readonly<Record<string, string>>) => void;

/** Throws what a lowering failed with, in the recording's own words. */
export type FaultListener = (kernel: string, inputs: Readonly<Record<string, string>>, error: unknown) => never;

export interface RecordingOptions {
  readonly dialect?: Dialect;
  /** Shared by recordings of one set of weights, which then have the same constants. */
  readonly foreign?: ForeignContents;
  readonly onKernel?: KernelListener;
  readonly onUnsupported?: UnsupportedListener;
  readonly onFault?: FaultListener;
}

/**
 * A tfjs backend that records: a tensor's data is a `Value`, and a kernel adds nodes. Tensors of other backends that
 * meet it (weights, say) become constants without leaving their backend.
 */
export class RecordingBackend extends tf.KernelBackend {
  readonly #entries = new Map<DataId, Entry>();
  /** How many tensors the entries stand for: tfjs asks before every kernel. */
  #count = 0;
  readonly #foreign: ForeignContents;
  readonly #policy: ReadPolicy;
  readonly #toCompute = new Map<Value, () => ConstantData>();

  /** Operators that the lowerings may use. */
  readonly dialect: Dialect;

  /** Told of every kernel, before its outputs are used. */
  readonly onKernel: KernelListener | undefined;

  /** Told of every kernel that has no lowering. */
  readonly onUnsupported: UnsupportedListener | undefined;

  /** Told of a lowering that fails where tfjs's own kernel does not. */
  readonly onFault: FaultListener | undefined;

  /** Records a loop as one node; absent where loops are unrolled. */
  recordLoop?: (loop: Loop) => LoopState;

  /** Names of weights in the graph that is made. */
  nameOf: ((variable: tf.Variable) => string | undefined) | undefined;

  /** Records an operator in place of tfjs code; absent where the code is recorded. */
  recordNode?: (node: OneNode) => tf.Tensor[];

  constructor(policy: ReadPolicy, options: RecordingOptions = {}) {
    super();
    this.#policy = policy;
    this.#foreign = options.foreign ?? new WeakMap();
    this.dialect = options.dialect ?? STANDARD;
    this.onKernel = options.onKernel;
    this.onUnsupported = options.onUnsupported;
    this.onFault = options.onFault;
  }

  /**
   * The value behind a tensor, whichever backend holds it.
   * @throws Error for strings and complex numbers, which are not one value.
   */
  recorded(info: tf.TensorInfo): Value {
    const content = this.content(info);
    if (content instanceof Value) return content;
    throw new Error(`a ${content.dtype} tensor has no place here: a graph's values are float32, int32 or bool`);
  }

  /** Content of a tensor, whichever backend holds it. */
  content(info: tf.TensorInfo): Content {
    const entry = this.#entries.get(info.dataId);
    if (entry) return reinterpret(entry.content, info.shape);
    const known = this.#foreign.get(info.dataId);
    if (known) return known;
    const home = tf.engine().state.tensorInfo.get(info.dataId as never)?.backend;
    if (!home) throw new SignatureError(GONE);
    const later = (home as Deferring).deferred?.(info.dataId);
    const content = later ? this.#deferred(later, info) : uploaded(home.readSync(info.dataId), info.shape, info.dtype);
    this.#foreign.set(info.dataId, content);
    return content;
  }

  /** A constant whose numbers are computed on first use. */
  #deferred(read: () => tf.backend_util.BackendValues, { shape, dtype }: tf.TensorInfo): Value {
    let data: ConstantData | undefined;
    const compute = (): ConstantData => {
      data ??= arrayFor(read() as TypedValues, dtype as DType);
      return data;
    };
    const value = new Value(dtype as DType, shape, { kind: 'constant', data: compute });
    this.#toCompute.set(value, compute);
    return value;
  }

  /** Computes the constants that the values depend on, while the tensors that hold them are surely there. */
  settle(values: readonly Value[]): void {
    if (this.#toCompute.size === 0) return;
    for (const value of [...values, ...topologicalOrder(values).flatMap(neededBy)]) {
      if (value) this.#toCompute.get(value)?.();
    }
  }

  /** Whether the tensor's data is exactly this content, in this backend. */
  holds(info: tf.TensorInfo, content: Content): boolean {
    return this.#entries.get(info.dataId)?.content === content;
  }

  /** A new tensor of a constant's numbers, whose value no other tensor of the same data has. */
  separate(info: tf.TensorInfo): tf.TensorInfo {
    const value = this.recorded(info);
    const own = new Value(value.dtype, value.shape, value.source);
    const later = this.#toCompute.get(value);
    if (later) this.#toCompute.set(own, later);
    return this.adopt(own);
  }

  /** A new tensor handle for a recorded value. */
  adopt(content: Content): tf.TensorInfo {
    const dataId = {};
    this.#enter(dataId, content);
    return { dataId, shape: [...content.shape], dtype: content.dtype as tf.DataType };
  }

  /** A further tensor handle on the same data. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.incRef(dataId);
    return { dataId, shape, dtype };
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const dataId = {};
    this.#enter(dataId, uploaded(values, shape, dtype));
    return dataId;
  }

  override move(
    id: DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.#enter(id, uploaded(values, shape, dtype), references);
  }

  override async read(dataId: DataId): Promise<tf.backend_util.BackendValues> {
    const { content } = this.#entries.get(dataId)!;
    const computed = partsOf(content).filter((value) => !storedData(value));
    const results = computed.length > 0 ? await this.#policy.read(computed) : [];
    return known(content, (value) => storedData(value) ?? results[computed.indexOf(value)]!);
  }

  override readSync(dataId: DataId): tf.backend_util.BackendValues {
    const entry = this.#entries.get(dataId);
    if (!entry) {
      throw new SignatureError(GONE);
    }
    return known(entry.content, (value) => this.#policy.readSync(value));
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
    this.#count -= countOf(entry.content);
    return true;
  }

  override refCount(dataId: DataId): number {
    return this.#entries.get(dataId)?.references ?? 0;
  }

  override incRef(dataId: DataId): void {
    const entry = this.#entries.get(dataId);
    if (entry) entry.references++;
  }

  override numDataIds(): number {
    return this.#count;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return true;
  }

  /** The time it takes to record: nothing is computed until a value is read. */
  override async time(f: () => void): Promise<tf.BackendTimingInfo> {
    const start = performance.now();
    f();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.#entries.clear();
    this.#count = 0;
  }

  /** @param id without an entry so far */
  #enter(id: DataId, content: Content, references = 1): void {
    this.#entries.set(id, { content, references });
    this.#count += countOf(content);
  }
}

/** tfjs counts three for a complex tensor: the parts and the pair. */
function countOf(content: Content): number {
  return content instanceof Complex ? 3 : 1;
}

/** Numbers and strings that were there from the start. */
function uploaded(values: tf.backend_util.BackendValues, shape: readonly number[], dtype: tf.DataType): Content {
  if (dtype === 'string') return new Strings(values as Uint8Array[], shape);
  if (dtype !== 'complex64') return constant(arrayFor(values as TypedValues, dtype as DType), dtype as DType, shape);
  const { real, imag } = tf.backend_util.splitRealAndImagArrays(values as Float32Array);
  return new Complex(constant(real, 'float32', shape), constant(imag, 'float32', shape));
}

/** The numbers in an array of the dtype's own kind: tfjs's cpu backend casts int32 to float32 and keeps the array. */
function arrayFor(values: TypedValues, dtype: DType): ConstantData {
  const kind = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return values instanceof kind ? values : kind.from(values);
}

/** tfjs reshapes without a kernel in a few places: same data, another shape. */
function reinterpret(content: Content, shape: readonly number[]): Content {
  if (content.shape.length === shape.length && content.shape.every((n, i) => n === shape[i])) return content;
  if (content instanceof Strings) return new Strings(content.values, shape);
  const reshaped = (value: Value): Value => {
    const data = constantData(value);
    return data ? constant(data, value.dtype, shape) : reshape(value, shape);
  };
  return content instanceof Complex ? new Complex(reshaped(content.real), reshaped(content.imag)) : reshaped(content);
}

function partsOf(content: Content): Value[] {
  if (content instanceof Strings) return [];
  return content instanceof Complex ? [content.real, content.imag] : [content];
}

/** Content as tfjs reads it; complex numbers interleaved. */
function known(content: Content, data: (value: Value) => ConstantData): tf.backend_util.BackendValues {
  if (content instanceof Strings) return content.values as Uint8Array[]; // not copied: tfjs makes arrays with holes
  if (!(content instanceof Complex)) return data(content) as TypedValues;
  const [real, imag] = [data(content.real), data(content.imag)] as [Float32Array, Float32Array];
  return tf.backend_util.mergeRealAndImagArrays(real, imag);
}
