import type { tf } from '@onnx-forge/export';
import { float32, type ImageEntry, oneHot, type Random, type ServeOf } from '@onnx-forge/infer';
import type { Batch } from '../../data/batches.js';
import type { GaussianParameters } from '../../objectives/gaussian.js';
import type { GraphRunner } from '../graph.js';
import { type LikelihoodTracking, validateBounds } from '../latent/bounds.js';
import { latentGraphs } from '../latent/graphs.js';
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
  const hot = (labels: ArrayLike<number>) =>
    float32(oneHot(labels, classes.length).data, [labels.length, classes.length]);
  const facts: ServeOf<'conditional'> = {
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
    facts,
    graphs: graphsOf('conditional', { serve: facts }, code),
    async validate(graphs, split, random) {
      const inputs = ({ size, fields }: Batch) => ({
        x: float32(fields.x as Float32Array, [size, pixels]),
        y: hot(fields.y!),
      });
      return validateBounds({ graphs, split, random, latentDim, inputs }, track);
    },
    /** All classes in turn. */
    async snapshot(graphs: GraphRunner, random: Random, count: number) {
      const noise = random.fillNormal(new Float32Array(count * latentDim));
      const labels = Array.from({ length: count }, (_, row) => row % classes.length);
      const { mean } = await graphs.run('decode', { z: float32(noise, [count, latentDim]), y: hot(labels) });
      return mean!.data as Float32Array;
    },
  };
}
