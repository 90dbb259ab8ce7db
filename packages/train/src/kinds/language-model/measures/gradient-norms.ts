import { tf } from '@onnx-forge/export';
import { gather } from '../../../data/batches.js';
import { everyIndex } from '../../../data/views.js';
import type { CausalTransformer } from '../../../layers/causal-transformer.js';
import type { Measure } from '../../../measures/measure.js';
import { nextTokenLoss } from '../../../objectives/next-token-loss.js';
import { stopGradient } from '../../../objectives/self-supervision.js';
import { type Graph, graph } from '../../graph.js';
import { type Monitor, monitorOf } from '../../monitor.js';

/** Through everything, or only along the residual stream: what attention and feed-forward network add held constant. */
export type GradientPath = 'whole' | 'residual';

/** The graph of a run that gives both, and the prefix of the metrics that {@link gradientFlow} makes of each. */
export const GRADIENT_GRAPH = 'gradients';
export const GRADIENT_METRICS = { whole: 'gradientNorm', residual: 'residualGradientNorm' } as const;

/**
 * How strongly the loss depends on what enters each layer: the Euclidean norm of d loss / d x_l over all positions of the
 * batch, x_0 the embeddings, x_l the output of block l. One backward pass gives all of them. Unlike gradients of weights
 * these can be compared between depths and architectures.
 *
 * Along the residual path alone a pre-LN block passes the gradient on as it is, a post-LN block multiplies it by the
 * Jacobian of its layer normalisation.
 *
 * @param windows int32 [batch, length + 1]
 * @returns [layers + 1]
 */
export function gradientNorms(
  transformer: CausalTransformer,
  windows: tf.Tensor,
  path: GradientPath = 'whole',
): tf.Tensor {
  const [batch, size] = windows.shape as [number, number];
  const { layers, width } = transformer.options;
  const context = path === 'residual' ? { onBranch: stopGradient } : {};
  return tf.tidy(() => {
    const start = Array.from({ length: layers + 1 }, () => tf.zeros([batch * (size - 1), width]));
    const gradients = tf.grads((...probes: tf.Tensor[]) => nextTokenLoss(transformer, windows, { ...context, probes }));
    return tf.stack(gradients(start).map((gradient) => gradient.square().sum().sqrt()));
  });
}

/** `gradientNorms` as a graph of a run: windows [batch, blockSize + 1] -> whole, residual [layers + 1]. */
export function gradientGraph(transformer: CausalTransformer): Readonly<Record<typeof GRADIENT_GRAPH, Graph>> {
  const { blockSize, vocabularySize } = transformer.options;
  const input = { dtype: 'int32', shape: ['batch', blockSize + 1], below: vocabularySize } as const;
  return {
    [GRADIENT_GRAPH]: graph({ windows: input }, ({ windows }) => ({
      whole: gradientNorms(transformer, windows, 'whole'),
      residual: gradientNorms(transformer, windows, 'residual'),
    })),
  };
}

/** Recipe options that {@link gradientFlow} depends on. */
export interface GradientFlowOptions {
  readonly gradientNorms: boolean;
  readonly batchSize: number;
}

/**
 * The norms on the first windows of the split, a training batch of them, as `gradientNorm/0` to `gradientNorm/LAYERS` and
 * `residualGradientNorm/...`; and of each `...Ratio`: what arrives at x_1 over what the last block hands on, 1 if nothing
 * is lost on the way. Nothing where the recipe's option `gradientNorms` is off.
 */
export const gradientFlow: Measure<'language-model', GradientFlowOptions> = async (
  model,
  { splits },
  { split, options, signal },
) => {
  if (!options.gradientNorms) return [];
  const count = Math.min(options.batchSize, splits[split].size);
  const data = gather(splits[split], 'tokens', everyIndex(splits[split], count)) as Int32Array;
  const windows = { type: 'int32', dims: [count, data.length / count], data } as const;
  const outputs = await model.run(GRADIENT_GRAPH, { windows }, { signal });
  return Object.entries(GRADIENT_METRICS).flatMap(([path, name]) => {
    const norms = outputs[path]!.data as Float32Array;
    const measured = (of: string, value: number, unit: string) => ({ name: of, value, unit, split, examples: count });
    return [
      ...Array.from(norms, (norm, layer) => measured(`${name}/${layer}`, norm, 'norm')),
      measured(`${name}Ratio`, norms[1]! / norms.at(-1)!, 'ratio'),
    ];
  });
};

/** @deprecated Use {@link gradientFlow}, under `watch:`. */
export const gradientMonitor: Monitor<GradientFlowOptions> = monitorOf(gradientFlow);
