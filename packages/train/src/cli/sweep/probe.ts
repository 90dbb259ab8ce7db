import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from '../../actions/train.js';
import { subset } from '../../data/fields.js';
import { watchedBy } from '../../kinds/monitor.js';
import type { OptionValues } from '../../options/option.js';
import type { Recipe } from '../../recipe/recipe.js';
import { SweepError } from '../../sweep/errors.js';
import { measureOf, metricOf } from '../../sweep/train-trial.js';
import type { TrainRequest } from '../../trainer/request.js';

/** Iterations that do not count: the first ones are slow. */
const WARMUP = 5;
/** Validation examples that tell which measures there are. */
const EXAMPLES = 50;

export interface Probe {
  /** Iterations of a whole training. */
  readonly steps: number;
  /** Mean of some iterations; 0 when none were asked for. */
  readonly msPerStep: number;
}

/**
 * Begins a training in a temporary folder, as a trial would: finds out before anything else runs that the target is measured,
 * and by some iterations what a training costs.
 *
 * @throws SweepError (`sweep-target`) when no training measures the target; what training throws
 */
export async function probeTrial(
  request: Omit<TrainRequest, 'out'>,
  settings: OptionValues,
  { target, iterations }: { readonly target: string; readonly iterations: number },
): Promise<Probe> {
  const out = await mkdtemp(join(tmpdir(), 'onnx-forge-sweep-'));
  const stop = new AbortController();
  const times: number[] = [];
  let steps = 0;
  let stepsPerEpoch = 0;
  let metrics: Readonly<Record<string, number>> | undefined;
  let before = 0;
  try {
    await train({
      ...{ ...request, recipe: watched(request.recipe), set: { ...request.set, ...settings } },
      ...{ out, force: true, evaluate: false, figures: false },
      signal: request.signal ? AbortSignal.any([request.signal, stop.signal]) : stop.signal,
      onEvent(event) {
        if (event.type === 'start') {
          stepsPerEpoch = event.stepsPerEpoch;
          steps = Math.min(event.stepsPerEpoch * event.epochs, request.maxSteps ?? Number.POSITIVE_INFINITY);
        }
        if (event.type === 'validation') metrics ??= event.metrics;
        if (event.type === 'step') {
          const now = performance.now();
          if (event.step > WARMUP) times.push(now - before);
          before = now;
        }
        if (metrics !== undefined && (iterations === 0 || times.length >= iterations)) stop.abort();
      },
    });
    request.signal?.throwIfAborted();
    metricOf(metrics ?? {}, measureOf(target), request.recipe.name);
    if (steps < stepsPerEpoch) {
      const message = `settings.maxSteps: a training of ${steps} iterations ends before its first epoch (${stepsPerEpoch}) does, so ${target} would never be measured`;
      throw new SweepError('sweep-target', message, { steps, stepsPerEpoch });
    }
    return { steps, msPerStep: times.reduce((sum, time) => sum + time, 0) / Math.max(1, times.length) };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

/** The recipe, validated before the first iteration too, on few examples. */
function watched(recipe: Recipe): Recipe {
  return {
    ...recipe,
    ...(watchedBy(recipe) === undefined && { watch: async () => [] }),
    prepare(dataSet, options) {
      const prepared = recipe.prepare(dataSet, options);
      const { validation } = prepared.splits;
      const few = subset(validation, 0, Math.min(EXAMPLES, validation.size));
      return { ...prepared, splits: { ...prepared.splits, validation: few } };
    },
  };
}
