import { tf } from '@onnx-forge/export';
import { gather } from '../data/batches.js';
import type { CausalTransformer } from '../layers/causalTransformer.js';
import { nextTokenLoss } from '../objectives/nextTokenLoss.js';
import type { Monitor } from '../recipe.js';
import { type Graph, graph } from '../serve/graph.js';

/** The graph of {@link gradientNorms}, and what its values are called in a run's log, with the layer behind it. */
export const GRADIENT_NORM = 'gradientNorm';

/**
 * How strongly the loss depends on what enters each layer: the Euclidean norm of d loss / d x_l over all positions of the
 * batch, x_0 the embeddings, x_l the output of block l. One backward pass gives all of them. Unlike gradients of weights
 * these can be compared between depths and architectures.
 *
 * @param windows int32 [batch, length + 1]
 * @returns [layers + 1]
 */
export function gradientNorms(transformer: CausalTransformer, windows: tf.Tensor): tf.Tensor {
  const [batch, size] = windows.shape as [number, number];
  const { layers, width } = transformer.options;
  return tf.tidy(() => {
    const probes = Array.from({ length: layers + 1 }, () => tf.zeros([batch * (size - 1), width]));
    const gradients = tf.grads((...all: tf.Tensor[]) => nextTokenLoss(transformer, windows, { probes: all }));
    return tf.stack(gradients(probes).map((gradient) => gradient.square().sum().sqrt()));
  });
}

/** {@link gradientNorms} as a graph of a run: windows [batch, blockSize + 1] -> norms [layers + 1]. */
export function gradientGraph(transformer: CausalTransformer): Readonly<Record<typeof GRADIENT_NORM, Graph>> {
  const { blockSize, vocabularySize } = transformer.options;
  const windows = { dtype: 'int32', shape: ['batch', blockSize + 1], below: vocabularySize } as const;
  return { [GRADIENT_NORM]: graph({ windows }, (inputs) => ({ norms: gradientNorms(transformer, inputs.windows) })) };
}

/**
 * The norms on the first validation windows, a training batch of them, as `gradientNorm/0` to `gradientNorm/LAYERS`; and
 * `gradientRatio`, what arrives at the input of the first block over what arrives at the input of the last. Nothing where
 * the recipe's option `gradientNorms` is off.
 */
export const gradientMonitor: Monitor<{ readonly gradientNorms: boolean; readonly batchSize: number }> = async (
  graphs,
  { splits: { validation } },
  _random,
  options,
) => {
  if (!options.gradientNorms) return {};
  const count = Math.min(options.batchSize, validation.size);
  const data = gather(
    validation,
    'tokens',
    Array.from({ length: count }, (_, index) => index),
  ) as Int32Array;
  const windows = { type: 'int32', dims: [count, data.length / count], data } as const;
  const { norms } = await graphs.run(GRADIENT_NORM, { windows });
  const values = norms!.data as Float32Array;
  const named = Array.from(values, (value, layer) => [`${GRADIENT_NORM}/${layer}`, value] as const);
  return { ...Object.fromEntries(named), gradientRatio: values[0]! / values.at(-2)! };
};
