import type { DType } from '../graph/value.js';
import type { tf } from '../tfjs.js';

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

/**
 * The data of one tensor, in the form that tfjs's cpu kernels read: `values` computes what is still to be computed. At
 * least one of `numbers`, `call` and `remote` is there, but for complex tensors, which are a pair of other tensors.
 */
export class Stored {
  refCount = 1;
  complexTensorInfos?: { readonly real: tf.TensorInfo; readonly imag: tf.TensorInfo };

  /** The recorded call that computes the data; undefined once it has run. */
  call: Call | undefined;

  /** Where the executor of graphs has the data. */
  remote: number | undefined;

  /** Why the data can't be had. */
  failure: unknown;

  /** False once no tensor refers to the data. */
  live = true;

  /** Whether `numbers` may be an array of the program's own, which it may fill again. */
  borrowed = false;

  constructor(
    readonly dtype: tf.DataType,
    public numbers: tf.backend_util.BackendValues | undefined,
    private readonly compute: (stored: Stored) => tf.backend_util.BackendValues | undefined,
  ) {}

  get values(): tf.backend_util.BackendValues | undefined {
    return this.numbers ?? this.compute(this);
  }
}

/** The numbers in an array of the dtype's own kind: tfjs's cpu backend casts int32 to float32 and keeps the array. */
export function numbersOf(values: tf.backend_util.BackendValues, dtype: NumericType): Numbers {
  const kind = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return values instanceof kind ? values : kind.from(values as Numbers);
}
