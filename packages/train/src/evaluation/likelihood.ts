import { gather } from '../data/batches.js';
import type { Split, SplitName } from '../data/data-set.js';
import type { Evaluate, Measurement } from '../serve/evaluation.js';

export interface LikelihoodOptions {
  /** Importance samples per example. */
  readonly samples: number;
}

/**
 * ELBO on the validation and the test split (one z per example) and the importance-sampled log-likelihood of the test
 * split, with its standard error over examples and the mean effective sample size. All in nats per example.
 */
export function likelihood({ samples: usual }: LikelihoodOptions): Evaluate<'latent'> {
  return async (model, { splits }, { split: only, samples = usual, seed, signal, onProgress = () => {} }) => {
    const measurements: Measurement[] = [];
    const work = (what: string) => ({
      seed,
      ...(signal && { signal }),
      onProgress: ({ done, total }: { done: number; total: number }) => onProgress(what, done / total),
    });
    for (const split of only ? [only] : (['validation', 'test'] satisfies SplitName[])) {
      const x = images(splits[split]);
      const about = { split, unit: 'nats', examples: splits[split].size };
      const bound = await model.elbo(x, work(`ELBO, ${split}`));
      measurements.push(
        { name: 'elbo', value: bound.mean, standardError: bound.standardError, samples: 1, ...about },
        { name: 'reconstruction', value: bound.reconstruction, samples: 1, ...about },
        { name: 'kl', value: bound.kl, ...about },
      );
      if (split === 'validation' && !only) continue;
      const estimate = await model.logLikelihood(x, { samples, ...work(`log-likelihood, ${split}`) });
      const { mean, standardError, effectiveSampleSizes } = estimate;
      const size = effectiveSampleSizes.reduce((sum, value) => sum + value, 0) / effectiveSampleSizes.length;
      measurements.push(
        { name: 'logLikelihood', value: mean, standardError, samples, ...about },
        { name: 'effectiveSampleSize', value: size, samples, ...about, unit: 'samples' },
      );
    }
    return measurements;
  };
}

function images(split: Split): Float32Array {
  const all = Array.from({ length: split.size }, (_, index) => index);
  return gather(split, 'x', all) as Float32Array;
}
