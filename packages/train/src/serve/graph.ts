import type { tf } from '@onnx-forge/export';
import type { Tensor } from '@onnx-forge/infer';

/** Sizes, or names of free dimensions: ['batch', 784]. Equal names must be equal sizes. */
export type GraphShape = readonly (number | string)[];

/** An inference function and the float32 inputs that it takes. It becomes one ONNX file of the run. */
export interface Graph {
  readonly inputs: Readonly<Record<string, GraphShape>>;
  run(inputs: Readonly<Record<string, tf.Tensor>>): Readonly<Record<string, tf.Tensor>>;
}

/** Declares an inference function; `run` sees exactly the inputs that are declared. */
export function graph<Input extends string>(
  inputs: Readonly<Record<Input, GraphShape>>,
  run: (inputs: Readonly<Record<Input, tf.Tensor>>) => Readonly<Record<string, tf.Tensor>>,
): Graph {
  return { inputs, run: run as Graph['run'] };
}

/** The exported graphs of a model that is still in training. */
export interface GraphRunner {
  run(name: string, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}
