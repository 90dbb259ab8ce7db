import type { Attributes, Value } from '../graph/value.js';
import type { tf } from '../tfjs.js';

/** An ONNX operator that computes what some tfjs code does. */
export interface OneNode {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** Dtypes and shapes of the outputs: those that the tfjs code gives, say. */
  readonly types: () => readonly Pick<tf.Tensor, 'dtype' | 'shape'>[];
}
