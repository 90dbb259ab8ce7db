import { train } from '../actions/train.js';
import type { TrainRequest } from '../trainer/request.js';
import { SweepError } from './errors.js';
import type { TrainTrial } from './trial.js';

/** The measure of a target: `elbo` of `validation.elbo`. */
function measureOf(target: string): string {
  return target.slice(target.indexOf('.') + 1);
}

/**
 * Trains a recipe for each trial, its settings over those of `request`. Neither evaluation nor figures: the test split is not
 * looked at before a trial is chosen.
 *
 * @param target `validation.MEASURE`
 * @throws SweepError (`sweep-target`) when the recipe has no such measure
 */
export function recipeTrial(request: Omit<TrainRequest, 'out'>, target: string): TrainTrial {
  const measure = measureOf(target);
  return async ({ settings, seed, out, signal, onEpoch }) => {
    const stop = new AbortController();
    let last: number | undefined;
    const onEvent: TrainRequest['onEvent'] = (event) => {
      request.onEvent?.(event);
      if (event.type !== 'epoch') return;
      last = metricOf(event.validation, measure, request.recipe.name);
      if (onEpoch(event.epoch, last)) stop.abort();
    };
    const result = await train({
      ...request,
      ...{ out, seed, onEvent, resume: true, evaluate: false, figures: false },
      set: { ...request.set, ...settings },
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    });
    // A training that had ended before has no epoch of its own; its metrics are the last ones.
    const value = last ?? metricOf(result.metrics, measure, request.recipe.name);
    return { finished: result.status === 'finished', value, seconds: result.seconds };
  };
}

function metricOf(metrics: Readonly<Record<string, number>>, measure: string, recipe: string): number {
  const value = Object.hasOwn(metrics, measure) ? metrics[measure] : undefined;
  if (value !== undefined) return value;
  const known = Object.keys(metrics).filter((name) => !name.includes('/'));
  const message = `${recipe} does not measure '${measure}' on the validation split; it measures ${known.join(', ') || 'nothing before the end of an epoch'}`;
  throw new SweepError('sweep-target', message, { measure, known });
}
