import type { tf } from '@onnx-forge/export';
import type { ImageEntry, ServeOf } from '@onnx-forge/infer';
import type { GaussianParameters } from '../../objectives/gaussian.js';
import { latentGraphs } from '../latent/graphs.js';
import { boundsValidation, type LikelihoodTracking } from '../latent/measures/bounds.js';
import { graphsOf, type Served } from '../served.js';

/** A variational autoencoder of x given a class y, with prior N(0, I) and Bernoulli pixels. */
export interface ConditionalModelOptions {
  readonly latentDim: number;
  readonly image: Omit<ImageEntry, 'range'>;
  /** The name of each class, in the order of their numbers. */
  readonly classes: readonly string[];
  /** q(z|x,y): x [batch, pixels], y one-hot [batch, classes] -> mu and logVar, each [batch, latentDim]. */
  posterior(x: tf.Tensor, y: tf.Tensor): GaussianParameters;
  /** p(x|z,y) = Bernoulli(sigmoid(logits)): z [rows, latentDim], y [rows, classes] -> [rows, pixels]. */
  logits(z: tf.Tensor, y: tf.Tensor): tf.Tensor;
  /** After every epoch: also the importance-sampled log p(x|y) of some validation examples, and the ELBO's gap to it. */
  readonly track?: LikelihoodTracking;
}

/** Serves what `latentModel` serves, all given y: see `latentGraphs`. The data have the class as field `y`. */
export function conditionalModel(options: ConditionalModelOptions): Served<'conditional'> {
  const { latentDim, image, classes, posterior, logits, track } = options;
  const pixels = image.height * image.width * image.channels;
  const serve: ServeOf<'conditional'> = {
    latentDim,
    prior: 'normal',
    image: { ...image, range: [0, 1] },
    likelihood: 'bernoulli',
    classes,
  };
  const code = latentGraphs({
    latentDim,
    pixels,
    posterior: (x, y) => posterior(x, y!),
    logits: (z, y) => logits(z, y!),
  });
  return {
    kind: 'conditional',
    serve,
    graphs: graphsOf('conditional', { serve }, code),
    validation: boundsValidation(track),
  };
}
