import { TrainError } from '../errors.js';
import type { OptionValues } from '../options/option.js';
import { learningRateFactor } from '../options/training.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Extension, Progress } from '../run/checkpoint.js';
import { batchesPerIteration } from './training-parts.js';

/** Iterations of a training. */
export interface TrainingLength {
  /** In all. */
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

/** All epochs, or as many iterations of them as `maxSteps` leaves. */
export function trainingLength(
  recipe: Recipe,
  options: OptionValues & { readonly epochs: number; readonly batchSize: number },
  { examples, maxSteps = Number.POSITIVE_INFINITY }: { examples: number; maxSteps?: number | undefined },
): TrainingLength {
  const stepsPerEpoch = Math.floor(examples / (batchesPerIteration(recipe, options) * options.batchSize));
  return { steps: Math.min(maxSteps, options.epochs * stepsPerEpoch), stepsPerEpoch };
}

/**
 * Whether a run can go on to another length than it began with. It can as it stands when the learning rates so far are those of
 * the new length too (a constant schedule, steps after fixed epochs): then it is the same run. Otherwise (cosine) it is
 * another run, and only `extend` goes on with it.
 *
 * @returns the change of course, if it has one
 * @throws TrainError (`checkpoint-mismatch`) that says how the learning rate would jump
 */
export function changeOfLength(
  path: string,
  { options, steps: before, step }: Pick<Progress, 'options' | 'steps' | 'step'>,
  { steps, stepsPerEpoch }: TrainingLength,
  extend: boolean,
): Extension | undefined {
  // Checkpoints of older versions do not say how long the training was to be.
  if (before === undefined || before === steps || stepsPerEpoch === 0) return undefined;
  const factor = (time: number, length: number) =>
    learningRateFactor(options, { step: time, steps: length, stepsPerEpoch });
  const isSame = Array.from({ length: step }, (_, time) => factor(time, before) === factor(time, steps)).every(Boolean);
  if (isSame) return undefined;
  const [last, next] = [factor(step - 1, before), factor(step, steps)];
  if (extend) return { after: step, from: before, to: steps, last, next };
  const message =
    `${path} was started for ${before} iterations and its ${options.schedule} schedule follows that number, so ${steps} are another run: ` +
    `start one with --force or another --out, or go on with --extend, where the learning rate jumps from ${last.toFixed(3)} of the ` +
    `recipe's in iteration ${step} to ${next.toFixed(3)} in iteration ${step + 1}`;
  throw new TrainError('checkpoint-mismatch', message, { path, name: 'iterations', before, after: steps, last, next });
}

/** One line on a run that goes on to another length. */
export function describeExtension({ after, from, to, last, next }: Extension): string {
  return (
    `extended from ${from} to ${to} iterations: the schedule is from now on that of ${to}, the learning rate going from ${last.toFixed(3)} of the ` +
    `recipe's in iteration ${after} to ${next.toFixed(3)} in iteration ${after + 1}; the weights will not be those of ${to} iterations in one go`
  );
}
