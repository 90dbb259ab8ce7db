/** Types of functions and models that can be exported, and of their inputs and outputs. */
import type { DType } from '../graph/value.js';
import type { Dimension } from '../onnx/writer.js';
import type { tf } from '../tfjs.js';

/** Tensors by name in, tensors by name out; variables it uses become weights of the graph. */
export type ExportableFunction = (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>;

/** A function of tensors by name, or a model: anything that can be exported. */
export type Exportable = tf.LayersModel | tf.GraphModel | ExportableFunction;

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
