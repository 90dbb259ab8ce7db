import type { tf } from '@onnx-forge/export';
import { graph } from './graph.js';
import type { ImageFacts, ServeFacts } from './kinds.js';
import type { Served } from './served.js';

/** A net that places images as vectors. */
export interface EmbeddingModelOptions {
  /** Length of a vector. */
  readonly embeddingDim: number;
  readonly image: ImageFacts;
  /** How two vectors are compared: distance, or 1 - cosine. */
  readonly metric: ServeFacts<'embedding'>['metric'];
  /** Pairs at most this far apart are the same, where the recipe knows. */
  readonly threshold?: number;
  /** x [batch, pixels] in the image's range -> [batch, embeddingDim]. */
  embed(x: tf.Tensor): tf.Tensor;
  readonly validate?: NonNullable<Served['validate']>;
}

/** Serves embed: x -> embedding. */
export function embeddingModel(options: EmbeddingModelOptions): Served<'embedding'> {
  const { embeddingDim, image, metric, threshold, embed, validate } = options;
  const pixels = image.height * image.width * image.channels;
  return {
    kind: 'embedding',
    facts: { embeddingDim, image, metric, ...(threshold !== undefined && { threshold }) },
    graphs: { embed: graph({ x: ['batch', pixels] }, ({ x }) => ({ embedding: embed(x) })) },
    ...(validate && { validate }),
  };
}
