import type { ElboOptions, LogLikelihoodOptions, ModelOf } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import type { Split, SplitName } from '../../../data/data-set.js';
import type { Evaluate, Measurement } from '../../../measures/measure.js';

export interface LikelihoodOptions {
  /** Importance samples per example. */
  readonly samples: number;
  /** Estimate log p(x) for only so many examples, at equal distances in the split (a file may be sorted). Default: all. */
  readonly examples?: number;
}

/**
 * ELBO on the validation and the test split (one z per example) and the importance-sampled log-likelihood of the test
 * split, with its standard error over examples and the mean effective sample size. All in nats per example; of a
 * conditional model, of x given its class y.
 */
export function likelihood({
  samples: usual,
  examples: usualExamples,
}: LikelihoodOptions): Evaluate<'latent' | 'conditional'> {
  return async (model, { splits }, request) => {
    const { split: only, samples = usual, examples = usualExamples, seed, signal, onProgress = () => {} } = request;
    const measurements: Measurement[] = [];
    const work = (what: string) => ({
      seed,
      ...(signal && { signal }),
      onProgress: ({ done, total }: { done: number; total: number }) => onProgress(what, done / total),
    });
    for (const split of only ? [only] : (['validation', 'test'] satisfies SplitName[])) {
      const about = { split, unit: 'nats', examples: splits[split].size };
      const bounds = boundsOf(model, splits[split], splits[split].size);
      const bound = await bounds.elbo(work(`ELBO, ${split}`));
      measurements.push(
        { name: 'elbo', value: bound.mean, standardError: bound.standardError, samples: 1, ...about },
        { name: 'reconstruction', value: bound.reconstruction, samples: 1, ...about },
        { name: 'kl', value: bound.kl, ...about },
      );
      if (split === 'validation' && !only) continue;
      const tested = Math.min(examples ?? splits[split].size, splits[split].size);
      const estimate = await boundsOf(model, splits[split], tested).logLikelihood({
        samples,
        ...work(`log-likelihood, ${split}`),
      });
      const { mean, standardError, effectiveSampleSizes } = estimate;
      const size = effectiveSampleSizes.reduce((sum, value) => sum + value, 0) / effectiveSampleSizes.length;
      measurements.push(
        { name: 'logLikelihood', value: mean, standardError, samples, ...about, examples: tested },
        { name: 'effectiveSampleSize', value: size, samples, ...about, examples: tested, unit: 'samples' },
      );
    }
    return measurements;
  };
}

/** Both bounds for so many examples of a split, from all over it (a file may be sorted), whatever the model is given. */
function boundsOf(model: ModelOf<'latent' | 'conditional'>, split: Split, examples: number) {
  const chosen = Array.from({ length: examples }, (_, index) => Math.floor((index * split.size) / examples));
  const x = gather(split, 'x', chosen) as Float32Array;
  if (model.kind === 'latent') {
    return {
      elbo: (options: ElboOptions) => model.elbo(x, options),
      logLikelihood: (options: LogLikelihoodOptions) => model.logLikelihood(x, options),
    };
  }
  const labels = gather(split, 'y', chosen);
  return {
    elbo: (options: ElboOptions) => model.elbo(x, labels, options),
    logLikelihood: (options: LogLikelihoodOptions) => model.logLikelihood(x, labels, options),
  };
}
