import type { tf } from '@onnx-forge/export';
import { float32, type Random } from '@onnx-forge/infer';
import { evaluationBatches } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { elbo } from '../objectives/elbo.js';
import { type GaussianParameters, gaussianOf } from '../objectives/gaussian.js';
import { importanceLogWeights } from '../objectives/importanceWeights.js';
import { logLikelihoodBernoulliSamples } from '../objectives/logLikelihoodBernoulliSamples.js';
import { type GraphRunner, graph } from './graph.js';
import type { ImageFacts } from './kinds.js';
import type { Served } from './served.js';

/** A variational autoencoder with prior N(0, I) and Bernoulli pixels. */
export interface LatentModelOptions {
  readonly latentDim: number;
  readonly image: Omit<ImageFacts, 'range'>;
  /** q(z|x): x [batch, pixels] -> mu and logVar, each [batch, latentDim]. */
  posterior(x: tf.Tensor): GaussianParameters;
  /** p(x|z) = Bernoulli(sigmoid(logits)): z [rows, latentDim] -> [rows, pixels]. */
  logits(z: tf.Tensor): tf.Tensor;
}

/**
 * Serves encode, decode, the terms of the ELBO and the two estimators of log p(x) as graphs:
 *
 * - encode: x -> mu, logVar
 * - decode: z -> mean, the pixels' probabilities
 * - elbo: x, noise -> elbo, reconstruction, kl, per example in nats
 * - logWeights: x, mu, logVar, noise [batch, samples, latentDim] -> log p(x|z) + log p(z) - log q(z|x), [batch, samples]
 * - logConditional: x, z [samples, latentDim] -> log p(x|z) for every pair, [batch, samples]
 */
export function latentModel({ latentDim, image, posterior, logits }: LatentModelOptions): Served<'latent'> {
  const pixels = image.height * image.width * image.channels;
  const x = ['batch', pixels];
  const z = ['batch', latentDim];
  return {
    kind: 'latent',
    facts: {
      latentDim,
      prior: 'normal',
      image: { ...image, range: [0, 1] },
      likelihood: 'bernoulli',
      bernoulliLogits: true,
    },
    graphs: {
      encode: graph({ x }, ({ x }) => {
        const { mu, logVar } = posterior(x);
        return { mu, logVar };
      }),
      decode: graph({ z }, ({ z }) => ({ mean: logits(z).sigmoid() })),
      elbo: graph({ x, noise: z }, ({ x, noise }) => {
        const { mu, logVar } = posterior(x);
        const q = gaussianOf(mu, logVar);
        return elbo({ x, q, logits: logits(q.reparameterize(noise)) });
      }),
      logWeights: graph({ x, mu: z, logVar: z, noise: ['batch', 'samples', latentDim] }, ({ x, mu, logVar, noise }) => {
        const samples = noise.shape[1] as number;
        const logConditional = (zs: tf.Tensor) => {
          const decoded = logits(zs.reshape([-1, latentDim])).reshape([-1, samples, pixels]);
          return logLikelihoodBernoulliSamples(decoded, x);
        };
        return { logWeights: importanceLogWeights({ q: { mu, logVar }, noise, logConditional }) };
      }),
      logConditional: graph({ x, z: ['samples', latentDim] }, ({ x, z }) => {
        // sum_d x_d l_d - softplus(l_d) for all pairs: one matrix product, and softplus once per z rather than per pair.
        const decoded = logits(z);
        return { logProb: x.matMul(decoded, false, true).sub(decoded.softplus().sum(1)) };
      }),
    },
    validate: (graphs, split, random) => meanElbo(graphs, split, random, latentDim),
    async snapshot(graphs, random, count) {
      const noise = random.fillNormal(new Float32Array(count * latentDim));
      const { mean } = await graphs.run('decode', { z: float32(noise, [count, latentDim]) });
      return mean!.data as Float32Array;
    },
  };
}

/** Means over all examples of a split, one z per example, summed in float64. */
async function meanElbo(graphs: GraphRunner, split: Split, random: Random, latentDim: number) {
  const sums = { elbo: 0, reconstruction: 0, kl: 0 };
  for (const { size, fields } of evaluationBatches(split, { batchSize: 500, fields: ['x'] })) {
    const noise = random.fillNormal(new Float32Array(size * latentDim));
    const outputs = await graphs.run('elbo', {
      x: float32(fields.x as Float32Array, [size, fields.x!.length / size]),
      noise: float32(noise, [size, latentDim]),
    });
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) {
      for (const value of outputs[name]!.data as Float32Array) sums[name] += value;
    }
  }
  return { elbo: sums.elbo / split.size, reconstruction: sums.reconstruction / split.size, kl: sums.kl / split.size };
}
