import type { tf } from '@onnx-forge/export';
import { elbo } from '../../objectives/elbo.js';
import { type GaussianParameters, gaussianOf } from '../../objectives/gaussian.js';
import { importanceLogWeights } from '../../objectives/importance-weights.js';
import { logLikelihoodBernoulliSamples } from '../../objectives/log-likelihood-bernoulli-samples.js';
import { repeatRows } from '../../objectives/variational.js';
import type { Graph, GraphShape } from '../graph.js';

/** A latent-variable model with prior N(0, I) and Bernoulli pixels; with `classes`, all given a class y. */
export interface LatentNetworks {
  readonly latentDim: number;
  readonly pixels: number;
  /** Size of the one-hot y, when there is one. */
  readonly classes?: number;
  /** q(z|x,y): x [batch, pixels], y [batch, classes] -> mu and logVar, each [batch, latentDim]. */
  posterior(x: tf.Tensor, y: tf.Tensor | undefined): GaussianParameters;
  /** p(x|z,y) = Bernoulli(sigmoid(logits)): z [rows, latentDim], y [rows, classes] -> [rows, pixels]. */
  logits(z: tf.Tensor, y: tf.Tensor | undefined): tf.Tensor;
}

/** The inputs of a graph; y is there when the model has one. */
type Inputs<Name extends string> = Readonly<Record<Name, tf.Tensor>> & { readonly y?: tf.Tensor };

/**
 * Graphs of `latentModel` and `conditionalLatentModel`. A conditional model's graphs all take y beside the inputs
 * named here, and every probability is given y:
 *
 * - encode: x -> mu, logVar
 * - decode: z -> mean, the pixels' probabilities
 * - elbo: x, noise -> elbo, reconstruction, kl, per example in nats
 * - logWeights: x, mu, logVar, noise [batch, samples, latentDim] -> log p(x|z) + log p(z) - log q(z|x), [batch, samples]
 * - logConditional: x, z [samples, latentDim] -> log p(x|z) for every pair, [batch, samples]
 */
export function latentGraphs({ latentDim, pixels, classes, posterior, logits }: LatentNetworks): Record<string, Graph> {
  const x = ['batch', pixels];
  const z = ['batch', latentDim];
  /** A graph with y among its inputs, when there is one. */
  const graph = <Name extends string>(
    inputs: Readonly<Record<Name, GraphShape>>,
    run: (inputs: Inputs<Name>) => Readonly<Record<string, tf.Tensor>>,
  ): Graph => ({
    inputs: classes === undefined ? inputs : { ...inputs, y: ['batch', classes] },
    run: run as Graph['run'],
  });

  /** log p(x_n|z_nk,y_n): z [batch * samples, latentDim] -> [batch, samples]. */
  const pairwise = (x: tf.Tensor, z: tf.Tensor, y: tf.Tensor | undefined, samples: number): tf.Tensor => {
    const decoded = logits(z, y && repeatRows(y, samples)).reshape([-1, samples, pixels]);
    return logLikelihoodBernoulliSamples(decoded, x);
  };

  return {
    encode: graph({ x }, ({ x, y }) => {
      const { mu, logVar } = posterior(x, y);
      return { mu, logVar };
    }),
    decode: graph({ z }, ({ z, y }) => ({ mean: logits(z, y).sigmoid() })),
    elbo: graph({ x, noise: z }, ({ x, y, noise }) => {
      const { mu, logVar } = posterior(x, y);
      const q = gaussianOf(mu, logVar);
      return elbo({ x, q, logits: logits(q.reparameterize(noise), y) });
    }),
    logWeights: graph(
      { x, mu: z, logVar: z, noise: ['batch', 'samples', latentDim] },
      ({ x, y, mu, logVar, noise }) => {
        const samples = noise.shape[1] as number;
        const logConditional = (zs: tf.Tensor) => pairwise(x, zs.reshape([-1, latentDim]), y, samples);
        return { logWeights: importanceLogWeights({ q: { mu, logVar }, noise, logConditional }) };
      },
    ),
    logConditional: graph({ x, z: ['samples', latentDim] }, ({ x, y, z }) => {
      if (y !== undefined) {
        // Every z is decoded for every y.
        const [batch, samples] = [x.shape[0] as number, z.shape[0] as number];
        const all = z.expandDims(0).tile([batch, 1, 1]).reshape([-1, latentDim]);
        return { logProb: pairwise(x, all, y, samples) };
      }
      // sum_d x_d l_d - softplus(l_d) for all pairs: one matrix product, and softplus once per z rather than per pair.
      const decoded = logits(z, undefined);
      return { logProb: x.matMul(decoded, false, true).sub(decoded.softplus().sum(1)) };
    }),
  };
}
