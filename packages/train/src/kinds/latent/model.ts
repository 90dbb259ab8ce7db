import type { tf } from '@onnx-forge/export';
import type { ImageEntry, ServeOf } from '@onnx-forge/infer';
import type { GaussianParameters } from '../../objectives/gaussian.js';
import { graphsOf, type Served } from '../served.js';
import { latentGraphs } from './graphs.js';
import { boundsValidation, type LikelihoodTracking } from './measures/bounds.js';

/** A variational autoencoder with prior N(0, I) and Bernoulli pixels. */
export interface LatentModelOptions {
  readonly latentDim: number;
  readonly image: Omit<ImageEntry, 'range'>;
  /** q(z|x): x [batch, pixels] -> mu and logVar, each [batch, latentDim]. */
  posterior(x: tf.Tensor): GaussianParameters;
  /** p(x|z) = Bernoulli(sigmoid(logits)): z [rows, latentDim] -> [rows, pixels]. */
  logits(z: tf.Tensor): tf.Tensor;
  /** After every epoch: also the importance-sampled log p(x) of some validation examples, and the ELBO's gap to it. */
  readonly track?: LikelihoodTracking;
}

/** Serves encode, decode, the terms of the ELBO and the two estimators of log p(x): see `latentGraphs`. */
export function latentModel({ latentDim, image, posterior, logits, track }: LatentModelOptions): Served<'latent'> {
  const pixels = image.height * image.width * image.channels;
  const serve: ServeOf<'latent'> = {
    latentDim,
    prior: 'normal',
    image: { ...image, range: [0, 1] },
    likelihood: 'bernoulli',
    bernoulliLogits: true,
  };
  return {
    kind: 'latent',
    serve,
    graphs: graphsOf('latent', { serve }, latentGraphs({ latentDim, pixels, posterior, logits })),
    validation: boundsValidation(track),
  };
}
