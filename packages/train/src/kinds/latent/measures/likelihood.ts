import type { SplitName } from '../../../data/data-set.js';
import type { Measure, Measurement } from '../../../measures/measure.js';
import { boundsOf, elboDrawError, elboTerms, type LikelihoodKind, workOn } from './bounds.js';
import { weightsReliability } from './weights-reliability.js';

export interface LikelihoodOptions {
  /** Importance samples per example. */
  readonly samples: number;
  /** Estimate log p(x) for only so many examples, at equal distances in the split (a file may be sorted). Default: all. */
  readonly examples?: number;
}

/**
 * ELBO (one z per example) and importance-sampled log-likelihood of the split, each with its standard error over examples and
 * that over draws; the mean effective sample size, and how far the weights can be relied on (`weightsReliability`). Beside
 * the test split stands the ELBO of the validation split. All in nats per example;
 * of a conditional model, of x given its class y.
 */
export function likelihood({ samples: usual, examples: usualExamples }: LikelihoodOptions): Measure<LikelihoodKind> {
  return async (model, { splits }, { split, ...request }) => {
    const { samples = usual, examples = usualExamples } = request;
    const bounded: readonly SplitName[] = split === 'test' ? ['validation', 'test'] : [split];
    const measurements: Measurement[] = [];
    for (const name of bounded) {
      const [elbo, ...terms] = await elboTerms(model, splits[name], name, request);
      const drawError = await elboDrawError(model, splits[name], request);
      measurements.push({ ...elbo!, drawError }, ...terms);
    }
    const tested = Math.min(examples ?? splits[split].size, splits[split].size);
    const estimated = request.logLikelihood
      ? request.logLikelihood({ ...request, split, examples: tested, samples })
      : boundsOf(model, splits[split], tested).logLikelihood({
          ...workOn(`log-likelihood, ${split}`, request),
          samples,
        });
    const { mean, standardError, errors, effectiveSampleSizes, paretoKs } = await estimated;
    const size = effectiveSampleSizes.reduce((sum, value) => sum + value, 0) / effectiveSampleSizes.length;
    const about = { split, examples: tested, samples };
    const drawError = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0)) / errors.length;
    return [
      ...measurements,
      {
        ...{ name: 'logLikelihood', value: mean, standardError },
        ...(samples > 1 && { drawError }),
        unit: 'nats',
        ...about,
      },
      { name: 'effectiveSampleSize', value: size, unit: 'samples', ...about },
      ...weightsReliability(paretoKs, about),
    ];
  };
}
