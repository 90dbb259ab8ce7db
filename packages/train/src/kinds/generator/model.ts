import type { tf } from '@onnx-forge/export';
import type { ImageEntry } from '@onnx-forge/infer';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';

/** An implicit generative model: it samples, but has no likelihood. */
export interface GeneratorModelOptions {
  readonly latentDim: number;
  /** Of the latent noise: N(0, I), or independent U(-1, 1). */
  readonly prior: 'normal' | 'uniform';
  readonly image: ImageEntry;
  /** z [batch, latentDim] -> images [batch, pixels] in the image's range. */
  generate(z: tf.Tensor): tf.Tensor;
  /** images [batch, pixels] -> logit (or critic's score) [batch, 1], larger = more real. */
  discriminate(image: tf.Tensor): tf.Tensor;
}

/** Serves generate: z -> image, and discriminate: x -> logit. */
export function generatorModel(options: GeneratorModelOptions): Served<'generator'> {
  const { latentDim, prior, image, generate, discriminate } = options;
  const serve = { latentDim, prior, image };
  return {
    kind: 'generator',
    serve,
    graphs: graphsOf(
      'generator',
      { serve },
      {
        generate: ({ z }: Tensors<'z'>) => ({ image: generate(z) }),
        discriminate: ({ x }: Tensors<'x'>) => ({ logit: discriminate(x) }),
      },
    ),
  };
}
