import type { tf } from '@onnx-forge/export';
import type { Tensor } from '@onnx-forge/infer';

/** Sizes, or names of free dimensions: ['batch', 784]. Equal names must be equal sizes. */
export type GraphShape = readonly (number | string)[];

/** An input of whole numbers: token ids, positions, classes. */
export interface IntegerInput {
  readonly shape: GraphShape;
  readonly dtype: 'int32';
  /** Its numbers are from 0 up to, not including, this: what `verify` draws. */
  readonly below: number;
}

/** A float32 input by its shape alone, or one of whole numbers. */
export type GraphInput = GraphShape | IntegerInput;

/** Shape and dtype of an input, as a signature wants them. */
export function inputType(input: GraphInput): { readonly shape: GraphShape; readonly dtype: 'float32' | 'int32' } {
  return 'dtype' in input ? { shape: input.shape, dtype: input.dtype } : { shape: input, dtype: 'float32' };
}

/** An inference function and the inputs that it takes. It becomes one ONNX file of the run. */
export interface Graph {
  readonly inputs: Readonly<Record<string, GraphInput>>;
  run(inputs: Readonly<Record<string, tf.Tensor>>): Readonly<Record<string, tf.Tensor>>;
}

/** Declares an inference function; `run` sees exactly the inputs that are declared. */
export function graph<Input extends string>(
  inputs: Readonly<Record<Input, GraphInput>>,
  run: (inputs: Readonly<Record<Input, tf.Tensor>>) => Readonly<Record<string, tf.Tensor>>,
): Graph {
  return { inputs, run: run as Graph['run'] };
}

/**
 * The graphs of a model by name.
 *
 * @deprecated A measure gets the model itself, which has this method too.
 */
export interface GraphRunner {
  run(name: string, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}
