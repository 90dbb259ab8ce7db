import { InputError } from '../errors.js';

/** Element types that graphs take and give. */
export type DataType = 'float32' | 'int32' | 'bool' | 'int64';

/** The array that holds each element type (`bool`: one byte each, 0 or 1). */
export interface DataTypeMap {
  float32: Float32Array;
  int32: Int32Array;
  bool: Uint8Array;
  int64: BigInt64Array;
}

/** The class of array that holds each element type. */
export const ARRAYS: {
  readonly float32: Float32ArrayConstructor;
  readonly int32: Int32ArrayConstructor;
  readonly bool: Uint8ArrayConstructor;
  readonly int64: BigInt64ArrayConstructor;
} = { float32: Float32Array, int32: Int32Array, bool: Uint8Array, int64: BigInt64Array };

/** A dense row-major array in main memory. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly type: DataType;
  readonly data: DataTypeMap[DataType];
}

/** Type and shape of a graph's input or output; a string is a free dimension's name, equal names are equal sizes. */
export interface TensorSpec {
  readonly dtype: DataType;
  /** @deprecated The same as `dtype`. */
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
}

/** How many elements an array of these dimensions has; 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  let size = 1;
  for (const dim of dims) size *= dim;
  return size;
}

/** A float32 tensor over `data`, which is not copied. Throws InputError when the size does not fit. */
export function float32(data: Float32Array, dims: readonly number[]): Tensor & { readonly data: Float32Array } {
  if (data.length !== sizeOf(dims)) {
    throw new InputError(`an array of ${data.length} elements can't have the shape [${dims.join(', ')}]`, { dims });
  }
  return { type: 'float32', dims, data };
}

/** Whether `dims` are possible for `shape`: same rank, and the same size wherever the shape names a size. */
export function fitsShape(dims: readonly number[], shape: readonly (number | string)[]): boolean {
  return dims.length === shape.length && shape.every((size, axis) => typeof size === 'string' || size === dims[axis]);
}

/** For messages: `float32 [batch, 784]`. */
export function describe(type: DataType, shape: readonly (number | string)[]): string {
  return `${type} [${shape.join(', ')}]`;
}
