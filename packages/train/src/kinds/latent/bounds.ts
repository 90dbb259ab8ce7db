import { float32, type Random, type Tensor, WeightSums } from '@onnx-forge/infer';
import { type Batch, evaluationBatches } from '../../data/batches.js';
import type { Split } from '../../data/data-set.js';
import { pick } from '../../data/views.js';
import type { GraphRunner } from '../graph.js';

/** How closely log p(x) is followed during training. */
export interface LikelihoodTracking {
  /** Validation examples, taken from all over the split. */
  readonly examples: number;
  /** Importance samples per example. */
  readonly samples: number;
}

/** A latent-variable model in training, seen through its graphs. */
export interface BoundsRequest {
  readonly graphs: GraphRunner;
  readonly split: Split;
  readonly random: Random;
  readonly latentDim: number;
  /** The graphs' inputs that come from the data, such as x [batch, pixels]. */
  inputs(batch: Batch): Readonly<Record<string, Tensor>>;
}

/** Measurements after an epoch: the ELBO and its terms, in nats; with `track`, log p(x) and the gap too. */
export async function validateBounds(
  request: BoundsRequest,
  track?: LikelihoodTracking,
): Promise<Readonly<Record<string, number>>> {
  const bound = await meanElbo(request);
  return track ? { ...bound, ...(await meanGap({ ...request, random: request.random.fork('gap') }, track)) } : bound;
}

/** Means over all examples of the split, one z per example, summed in float64; in nats. */
async function meanElbo({
  graphs,
  split,
  random,
  latentDim,
  inputs,
}: BoundsRequest): Promise<{ elbo: number; reconstruction: number; kl: number }> {
  const sums = { elbo: 0, reconstruction: 0, kl: 0 };
  for (const batch of evaluationBatches(split, { batchSize: 500 })) {
    const { size } = batch;
    const noise = random.fillNormal(new Float32Array(size * latentDim));
    const outputs = await graphs.run('elbo', { ...inputs(batch), noise: float32(noise, [size, latentDim]) });
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) {
      for (const value of outputs[name]!.data as Float32Array) sums[name] += value;
    }
  }
  return { elbo: sums.elbo / split.size, reconstruction: sums.reconstruction / split.size, kl: sums.kl / split.size };
}

/** Decoded images in one call: what fits into a cache. */
const ROWS_PER_CALL = 500;

/**
 * The importance-sampled log p(x) and its gap to the ELBO, both from the same weights: log mean w - mean log w, which
 * estimates KL(q(z|x) || p(z|x)). Means over the examples tracked, in nats.
 */
async function meanGap(
  { graphs, split, random, latentDim, inputs }: BoundsRequest,
  { examples, samples }: LikelihoodTracking,
): Promise<{ logLikelihood: number; gap: number }> {
  const total = Math.min(examples, split.size);
  const tracked = spreadOver(split, total);
  const sums = { logLikelihood: 0, gap: 0 };
  for (const batch of evaluationBatches(tracked, { batchSize: Math.max(1, Math.floor(ROWS_PER_CALL / samples)) })) {
    const given = inputs(batch);
    const { size } = batch;
    const { mu, logVar } = await graphs.run('encode', given);
    const noise = random.fillNormal(new Float32Array(size * samples * latentDim));
    const outputs = await graphs.run('logWeights', {
      ...given,
      mu: mu!,
      logVar: logVar!,
      noise: float32(noise, [size, samples, latentDim]),
    });
    const logWeights = outputs.logWeights!.data as Float32Array;
    for (let example = 0; example < size; example++) {
      const weights = new WeightSums();
      let bound = 0;
      for (const logWeight of logWeights.subarray(example * samples, (example + 1) * samples)) {
        weights.add(logWeight);
        bound += logWeight / samples;
      }
      sums.logLikelihood += weights.logMean;
      sums.gap += weights.logMean - bound;
    }
  }
  return { logLikelihood: sums.logLikelihood / total, gap: sums.gap / total };
}

/** `count` examples at equal distances: a file may be sorted by class. */
function spreadOver(split: Split, count: number): Split {
  return pick(
    split,
    Array.from({ length: count }, (_, index) => Math.floor((index * split.size) / count)),
  );
}
