import type { Elbo, ElboOptions, LogLikelihood, LogLikelihoodOptions, ModelOf, WorkOptions } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import type { Split, SplitName } from '../../../data/data-set.js';
import { spreadIndices } from '../../../data/views.js';
import type { Measure, Measurement, MeasureRequest } from '../../../measures/measure.js';

/** Examples that the error over draws is estimated from; it is known to a few percent then. */
const DRAW_ERROR_EXAMPLES = 1000;

/** How closely log p(x) is followed during training. */
export interface LikelihoodTracking {
  /** Validation examples, taken from all over the split. */
  readonly examples: number;
  /** Importance samples per example. */
  readonly samples: number;
}

/** The kinds of latent-variable models that have a likelihood. */
export type LikelihoodKind = 'latent' | 'conditional';

/**
 * ELBO and its terms, one z per example, in nats. With `track` also the importance-sampled log p(x) of some examples, and
 * the gap of the ELBO to it from the same draws, which estimates KL(q(z|x) || p(z|x)).
 */
export function boundsValidation(track?: LikelihoodTracking): Measure<LikelihoodKind> {
  return async (model, { splits }, { split, ...request }) => {
    const terms = await elboTerms(model, splits[split], split, request);
    if (track === undefined) return terms;
    const { samples } = track;
    const examples = Math.min(track.examples, splits[split].size);
    const { mean, bound } = await boundsOf(model, splits[split], examples).logLikelihood({
      ...workOn(`log-likelihood, ${split}`, request),
      samples,
    });
    const about = { unit: 'nats', split, examples, samples };
    return [...terms, { name: 'logLikelihood', value: mean, ...about }, { name: 'gap', value: mean - bound, ...about }];
  };
}

/** Whether a model has several stochastic layers: q(z|x) is no Gaussian then, and `encode` gives one that approximates it. */
export function hasLayers({ manifest: { serve } }: ModelOf<LikelihoodKind>): boolean {
  return Object.hasOwn(serve, 'layers');
}

/** ELBO, reconstruction and KL of all examples of a split, one z each, in nats. */
export async function elboTerms(
  model: ModelOf<LikelihoodKind>,
  of: Split,
  split: SplitName,
  request: Omit<MeasureRequest, 'split'>,
): Promise<Measurement[]> {
  const about = { split, unit: 'nats', examples: of.size };
  const bound = await boundsOf(model, of, of.size).elbo(workOn(`ELBO, ${split}`, request));
  return [
    { name: 'elbo', value: bound.mean, standardError: bound.standardError, samples: 1, ...about },
    { name: 'reconstruction', value: bound.reconstruction, samples: 1, ...about },
    // In closed form, but for layers: of their draw then.
    { name: 'kl', value: bound.kl, ...(hasLayers(model) && { samples: 1 }), ...about },
  ];
}

/**
 * Standard error of a split's mean ELBO over the draws, its examples being as they are: what other draws of one z each would
 * change. From two draws for up to 1,000 examples from all over the split.
 */
export async function elboDrawError(
  model: ModelOf<LikelihoodKind>,
  of: Split,
  { seed, signal }: Pick<MeasureRequest, 'seed' | 'signal'>,
): Promise<number> {
  const examples = Math.min(DRAW_ERROR_EXAMPLES, of.size);
  const bounds = boundsOf(model, of, examples);
  const [one, other] = [await bounds.elbo({ seed, signal }), await bounds.elbo({ seed: seed + 1, signal })];
  // The variance of a draw is half of that of a difference.
  const squares = one.values.reduce((sum, value, index) => sum + (value - other.values[index]!) ** 2 / 2, 0);
  return Math.sqrt(squares / examples / of.size);
}

/** Both bounds for so many examples of a split, from all over it (a file may be sorted), whatever the model is given. */
export function boundsOf(
  model: ModelOf<LikelihoodKind>,
  split: Split,
  examples: number,
): {
  elbo(options: ElboOptions): Promise<Elbo>;
  logLikelihood(options: LogLikelihoodOptions): Promise<LogLikelihood>;
} {
  const chosen = spreadIndices(split, examples);
  const x = gather(split, 'x', chosen) as Float32Array;
  if (model.kind === 'latent') {
    return {
      elbo: (options) => model.elbo(x, options),
      logLikelihood: (options) => model.logLikelihood(x, options),
    };
  }
  const labels = gather(split, 'y', chosen);
  return {
    elbo: (options) => model.elbo(x, labels, options),
    logLikelihood: (options) => model.logLikelihood(x, labels, options),
  };
}

/** Seed, signal and progress of one piece of work, as infer's methods take them. */
export function workOn(
  what: string,
  { seed, signal, onProgress }: Pick<MeasureRequest, 'seed' | 'signal' | 'onProgress'>,
): WorkOptions & { readonly seed: number } {
  return { seed, signal, onProgress: ({ done, total }) => onProgress?.(what, done / total) };
}
