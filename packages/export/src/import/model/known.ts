import { sizeOf } from '@onnx-forge/infer';
import { tf } from '../../tfjs.js';
import { OnnxImportError } from './errors.js';

/** Types of tensors in tfjs. 64-bit and small whole numbers become int32; double and half precision float32. */
export type TensorType = 'float32' | 'int32' | 'bool';

/** The type of an ONNX value and what tfjs holds it as. */
export interface ElementType {
  /** ONNX's own name, e.g. `FLOAT16`. */
  readonly name: string;
  readonly tfjs: TensorType;
}

/**
 * Numbers that are known while a graph is called, such as sizes, axes and scalars: computed at once, in JavaScript. What follows
 * from sizes alone so never becomes part of a recorded graph.
 */
export class Known {
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** ONNX's type, of constants of the file. */
  readonly element: ElementType | undefined;

  constructor(dtype: TensorType, shape: readonly number[], data: ArrayLike<number>, element?: ElementType) {
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
    this.element = element;
  }

  static scalar(value: number, dtype: TensorType = 'int32'): Known {
    return new Known(dtype, [], [value]);
  }

  static list(values: readonly number[], dtype: TensorType = 'int32'): Known {
    return new Known(dtype, [values.length], values);
  }

  get size(): number {
    return this.data.length;
  }

  get rank(): number {
    return this.shape.length;
  }

  numbers(): number[] {
    return Array.from(this.data);
  }
}

/** A value of the graph while it is called. */
export type Datum = tf.Tensor | Known;

const LARGEST_INT = 2 ** 31 - 1;

/** @throws OnnxImportError for whole numbers beyond int32, which no tfjs tensor holds */
export function tensorOf(datum: Datum): tf.Tensor {
  if (!(datum instanceof Known)) return datum;
  const { dtype, shape, data } = datum;
  if (sizeOf(shape) !== data.length) throw new OnnxImportError(`${data.length} numbers can't be of shape [${shape}]`);
  if (dtype === 'float32') return tf.tensor(Float32Array.from(data), [...shape], dtype);
  if (dtype === 'bool') return tf.tensor(Uint8Array.from(data), [...shape], dtype);
  const large = Array.from(data).find((n) => !(n >= -LARGEST_INT - 1 && n <= LARGEST_INT));
  if (large === undefined) return tf.tensor(Int32Array.from(data), [...shape], dtype);
  throw new OnnxImportError(`the whole number ${large} is beyond int32, in which tfjs computes`, { number: large });
}

/** Where an element lies, by strides in numbers. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}
