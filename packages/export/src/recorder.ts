import { constant, reshape } from './graph/build.js';
import { type ConstantData, constantData, type DType, type Value } from './graph/value.js';
import { tf } from './tfjs.js';

type DataId = object;
type TypedValues = Float32Array | Int32Array | Uint8Array;

interface Entry {
  readonly value: Value;
  references: number;
}

/** What happens when somebody reads a value that is not a constant: evaluate it, or refuse. */
export interface ReadPolicy {
  read(value: Value): Promise<ConstantData>;
  readSync(value: Value): ConstantData;
}

/**
 * A tfjs backend that records: a tensor's data is a `Value`, and a kernel adds nodes. Tensors of other backends that
 * meet it (weights, say) become constants without leaving their backend.
 */
export class RecordingBackend extends tf.KernelBackend {
  readonly #entries = new Map<DataId, Entry>();
  readonly #foreign = new WeakMap<DataId, Value>();
  readonly #policy: ReadPolicy;

  constructor(policy: ReadPolicy) {
    super();
    this.#policy = policy;
  }

  /** The value behind a tensor, whichever backend holds it. */
  recorded(info: { dataId: DataId; shape: number[]; dtype: string }): Value {
    const entry = this.#entries.get(info.dataId);
    if (entry)
      return entry.value.shape.length === info.shape.length && entry.value.shape.every((n, i) => n === info.shape[i])
        ? entry.value
        : reinterpret(entry.value, info.shape);
    const known = this.#foreign.get(info.dataId);
    if (known) return known;
    const home = tf.engine().state.tensorInfo.get(info.dataId as never)?.backend;
    if (!home) throw new Error('the tensor was disposed before it was used');
    const data = home.readSync(info.dataId) as TypedValues;
    const value = constant(data, info.dtype as DType, info.shape);
    this.#foreign.set(info.dataId, value);
    return value;
  }

  /** A new tensor handle for a recorded value. */
  adopt(value: Value): tf.TensorInfo {
    const dataId = {};
    this.#entries.set(dataId, { value, references: 1 });
    return { dataId, shape: [...value.shape], dtype: value.dtype as tf.DataType };
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): DataId {
    const dataId = {};
    this.#set(dataId, values, shape, dtype, 1);
    return dataId;
  }

  override move(
    id: DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    this.#set(id, values, shape, dtype, references);
  }

  #set(
    id: DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    if (dtype === 'string' || dtype === 'complex64')
      throw new Error(`${dtype} tensors have no place in a recorded graph`);
    this.#entries.set(id, { value: constant(values as ConstantData, dtype as DType, shape), references });
  }

  override async read(dataId: DataId): Promise<tf.backend_util.BackendValues> {
    const value = this.#entries.get(dataId)!.value;
    return (constantData(value) ?? (await this.#policy.read(value))) as TypedValues;
  }

  override readSync(dataId: DataId): tf.backend_util.BackendValues {
    const value = this.#entries.get(dataId)!.value;
    return (constantData(value) ?? this.#policy.readSync(value)) as TypedValues;
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const entry = this.#entries.get(dataId);
    if (!entry) return true;
    entry.references--;
    if (!force && entry.references > 0) return false;
    this.#entries.delete(dataId);
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
    return this.#entries.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override timerAvailable(): boolean {
    return false;
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {
    this.#entries.clear();
  }
}

/** tfjs reshapes without a kernel in a few places: same data, another shape. */
function reinterpret(value: Value, shape: readonly number[]): Value {
  const data = constantData(value);
  if (data) return constant(data, value.dtype, shape);
  return reshape(value, shape);
}
