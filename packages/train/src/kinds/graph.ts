import type { tf } from '@onnx-forge/export';
import type { GraphInput, Tensor } from '@onnx-forge/infer';

export type { GraphInput, GraphShape, IntegerInput } from '@onnx-forge/infer';

/** Inputs or outputs of a graph, as tfjs code sees them. */
export type Tensors<Name extends string = string> = Readonly<Record<Name, tf.Tensor>>;

/** An inference function and the inputs that it takes. It becomes one ONNX file of the run. */
export interface Graph {
  readonly inputs: Readonly<Record<string, GraphInput>>;
  run(inputs: Tensors): Tensors;
}

/** tfjs code of a graph. It sees exactly the inputs that the graph has: `({ x }: Tensors<'x'>) => ...`. */
export type GraphCode = Graph['run'];

/** Declares an inference function; `run` sees exactly the inputs that are declared. */
export function graph<Input extends string>(
  inputs: Readonly<Record<Input, GraphInput>>,
  run: (inputs: Tensors<Input>) => Tensors,
): Graph {
  return { inputs, run };
}

/**
 * The graphs of a model by name.
 *
 * @deprecated A measure gets the model itself, which has this method too.
 */
export interface GraphRunner {
  run(name: string, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
}
