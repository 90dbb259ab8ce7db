import { train } from '../actions/train.js';
import { readLog } from '../metrics/log.js';
import { RunFolder } from '../run/folder.js';
import type { TrainRequest } from '../trainer/request.js';
import { SweepError } from './errors.js';
import { onFold } from './folds.js';
import type { TrainTrial } from './trial.js';

/** The measure of a target: `elbo` of `validation.elbo`. */
export function measureOf(target: string): string {
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
  return async ({ settings, seed, fold, out, signal, stoppedAt, onEpoch }) => {
    const stop = new AbortController();
    let last: number | undefined;
    const onEvent: TrainRequest['onEvent'] = (event) => {
      request.onEvent?.(event);
      if (event.type === 'start' && stoppedAt !== undefined && event.step >= stoppedAt * event.stepsPerEpoch)
        stop.abort();
      if (event.type !== 'epoch') return;
      last = metricOf(event.validation, measure, request.recipe.name);
      if (onEpoch(event.epoch, last)) stop.abort();
    };
    const result = await train({
      ...request,
      ...(fold && { data: onFold(request.data, fold) }),
      ...{ out, seed, onEvent, resume: true, evaluate: false, figures: false },
      set: { ...request.set, ...settings },
      signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    });
    // A process that goes on after the last epoch or after a decision, since the one before was killed there, has none of its own.
    const value = last ?? metricOf(await lastValidation(out), measure, request.recipe.name);
    return { finished: result.status === 'finished', value, seconds: result.seconds };
  };
}

/** Measures after the last epoch, by the log. */
async function lastValidation(run: string): Promise<Readonly<Record<string, number>>> {
  const log = await readLog(new RunFolder(run).file('log'));
  return log.findLast(({ kind }) => kind === 'validation')?.metrics ?? {};
}

/** @throws SweepError (`sweep-target`) naming what the recipe measures */
export function metricOf(metrics: Readonly<Record<string, number>>, measure: string, recipe: string): number {
  const value = Object.hasOwn(metrics, measure) ? metrics[measure] : undefined;
  if (value !== undefined) return value;
  const known = Object.keys(metrics).filter((name) => !name.includes('/'));
  const message = `${recipe} does not measure '${measure}' on the validation split; it measures ${known.join(', ') || 'nothing before the end of an epoch'}`;
  throw new SweepError('sweep-target', message, { measure, known });
}
