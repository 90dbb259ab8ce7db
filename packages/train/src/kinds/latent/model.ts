import type { tf } from '@onnx-forge/export';
import type { ImageEntry, ServeOf } from '@onnx-forge/infer';
import type { GaussianParameters } from '../../objectives/gaussian.js';
import { graphsOf, type Served } from '../served.js';
import { type LatentNetworks, latentGraphs } from './graphs.js';
import { boundsValidation, type LikelihoodTracking } from './measures/bounds.js';
import { type TwoLayers, twoLayersAsOne } from './two-layers.js';

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
  return served({ latentDim, posterior, logits }, { image, track });
}

/** A variational autoencoder with two stochastic layers and Bernoulli pixels. */
export interface TwoLayerModelOptions extends TwoLayers, Pick<LatentModelOptions, 'image' | 'track'> {}

/**
 * Serves the same of a model with two stochastic layers, over one latent vector (z2, standardised z1) with prior N(0, I): see
 * `twoLayersAsOne`. The bounds are those of q(z1|x) q(z2|z1); `encode` gives a Gaussian that approximates it.
 */
export function twoLayerModel({ image, track, ...layers }: TwoLayerModelOptions): Served<'latent'> {
  const { lower, upper } = layers;
  return served({ latentDim: upper + lower, ...twoLayersAsOne(layers) }, { image, track, layers: [upper, lower] });
}

function served(
  networks: Omit<LatentNetworks, 'pixels'>,
  {
    image,
    track,
    ...details
  }: {
    readonly image: LatentModelOptions['image'];
    readonly track: LikelihoodTracking | undefined;
    /** Sizes of the stochastic layers within the latent vector. */
    readonly layers?: readonly number[];
  },
): Served<'latent'> {
  const pixels = image.height * image.width * image.channels;
  const serve: ServeOf<'latent'> = {
    latentDim: networks.latentDim,
    prior: 'normal',
    image: { ...image, range: [0, 1] },
    likelihood: 'bernoulli',
    bernoulliLogits: true,
    ...details,
  };
  return {
    kind: 'latent',
    serve,
    graphs: graphsOf('latent', { serve }, latentGraphs({ ...networks, pixels })),
    validation: boundsValidation(track),
  };
}
