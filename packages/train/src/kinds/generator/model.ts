import type { tf } from '@onnx-forge/export';
import type { ImageFacts } from '../../model-kinds.js';
import { graph } from '../graph.js';
import type { Served } from '../served.js';

/** An implicit generative model: it samples, but has no likelihood. */
export interface GeneratorModelOptions {
  readonly latentDim: number;
  /** Of the latent noise: N(0, I), or independent U(-1, 1). */
  readonly prior: 'normal' | 'uniform';
  readonly image: ImageFacts;
  /** z [batch, latentDim] -> images [batch, pixels] in the image's range. */
  generate(z: tf.Tensor): tf.Tensor;
  /** images [batch, pixels] -> logit (or critic's score) [batch, 1], larger = more real. */
  discriminate(image: tf.Tensor): tf.Tensor;
}

/** Serves generate: z -> image, and discriminate: x -> logit. */
export function generatorModel(options: GeneratorModelOptions): Served<'generator'> {
  const { latentDim, prior, image, generate, discriminate } = options;
  const pixels = image.height * image.width * image.channels;
  return {
    kind: 'generator',
    facts: { latentDim, prior, image },
    graphs: {
      generate: graph({ z: ['batch', latentDim] }, ({ z }) => ({ image: generate(z) })),
      discriminate: graph({ x: ['batch', pixels] }, ({ x }) => ({ logit: discriminate(x) })),
    },
  };
}
