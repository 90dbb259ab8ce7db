import type { DType } from '../graph/value.js';
import { tf } from '../tfjs.js';

export type Numbers = Float32Array | Int32Array | Uint8Array;

/** Types of tensors that onnxruntime may compute; the others (strings, complex numbers) stay with tfjs's own kernels. */
export type NumericType = Exclude<DType, 'int64'>;

export function isNumeric(dtype: string): dtype is NumericType {
  return dtype === 'float32' || dtype === 'int32' || dtype === 'bool';
}

export interface TensorKind {
  readonly dtype: NumericType;
  readonly shape: readonly number[];
}

/** A kernel with attributes and the types of its inputs: what calls of equal work share. */
export interface CallKind {
  /** Equal numbers, equal kinds. */
  readonly id: number;
  readonly kernel: string;
  readonly attrs: tf.NamedAttrMap;
  /** Names of the inputs; undefined for a kernel that takes a list. */
  readonly names: readonly string[] | undefined;
  readonly inputs: readonly TensorKind[];
  readonly outputs: readonly TensorKind[];
  /** Whether the kernel returns an array of tensors. */
  readonly many: boolean;
}

/** A recorded kernel call, still to be run. */
export interface Call {
  readonly kind: CallKind;
  readonly inputs: readonly Stored[];
  readonly outputs: readonly Stored[];
  /** Estimated time of tfjs's cpu kernel, in ns. */
  readonly cost: number;
}

/** The place and origin of data that are not on the host, or not only there. */
export class Deferred {
  /** The recorded call that computes the data; undefined once it has run. */
  call: Call | undefined;

  /** Where the executor of graphs has the data. */
  remote: number | undefined;

  /** Why the data can't be had. */
  failure: unknown;

  constructor(readonly compute: (stored: Stored) => tf.backend_util.BackendValues | undefined) {}
}

/**
 * The data of one tensor, in the form that tfjs's cpu kernels read: `values` computes what is still to be computed. At
 * least one of `numbers`, `later.call` and `later.remote` is there, but for complex tensors, which are a pair of others.
 * A program of small kernels makes one for each tensor: it has few fields.
 */
export class Stored {
  readonly dtype: tf.DataType;
  numbers: tf.backend_util.BackendValues | undefined;
  refCount: number;

  /** The storage that lists the data; undefined once no tensor refers to it. */
  home: object | undefined;

  /** Whether `numbers` may be an array of the program's own, which it may fill again. */
  borrowed: boolean;

  later: Deferred | undefined;

  declare complexTensorInfos?: { readonly real: tf.TensorInfo; readonly imag: tf.TensorInfo };

  constructor(dtype: tf.DataType, numbers: tf.backend_util.BackendValues | undefined, refCount = 1, later?: Deferred) {
    this.dtype = dtype;
    this.numbers = numbers;
    this.refCount = refCount;
    this.home = undefined;
    this.borrowed = numbers !== undefined;
    this.later = later;
  }

  get values(): tf.backend_util.BackendValues | undefined {
    return this.numbers ?? this.later?.compute(this);
  }
}

/**
 * Data by the ids that tensors have. An id that this storage gives is the data itself, so that nothing is looked up; those of
 * tensors that came from other backends are in tfjs's own table.
 */
export class StoredTensors extends tf.DataStorage<Stored> {
  #given = 0;

  /** The new data's id. */
  add(stored: Stored): Stored {
    stored.home = this;
    this.#given++;
    return stored;
  }

  override get(dataId: object): Stored {
    return (dataId as Stored).home === this ? (dataId as Stored) : super.get(dataId);
  }

  override set(dataId: object, stored: Stored): void {
    stored.home = this;
    super.set(dataId, stored);
  }

  override has(dataId: object): boolean {
    return (dataId as Stored).home === this || super.has(dataId);
  }

  override delete(dataId: object): boolean {
    const stored = this.get(dataId);
    stored.home = undefined;
    if (dataId !== stored) return super.delete(dataId);
    this.#given--;
    return true;
  }

  override numDataIds(): number {
    return super.numDataIds() + this.#given;
  }
}

/** The numbers in an array of the dtype's own kind: tfjs's cpu backend casts int32 to float32 and keeps the array. */
export function numbersOf(values: tf.backend_util.BackendValues, dtype: NumericType): Numbers {
  const kind = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return values instanceof kind ? values : kind.from(values as Numbers);
}
