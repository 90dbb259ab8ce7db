import type { Random } from '@onnx-forge/infer';
import { type BatchPosition, TrainingBatches } from '../data/batches.js';
import type { DataSet } from '../data/data-set.js';
import type { Engine } from '../engine/engine.js';
import type { Served } from '../kinds/served.js';
import type { Logs } from '../metrics/logs.js';
import type { OptionValues } from '../options/option.js';
import { augmentations } from '../recipe/inputs.js';
import type { Recipe, Step } from '../recipe/recipe.js';
import type { RunIdentity } from '../run/checkpoint.js';
import type { RunFolder } from '../run/folder.js';
import type { RunLock } from '../run/lock.js';
import type { Callbacks } from './callbacks/callbacks.js';
import type { OnEvent } from './events.js';

/** All that a training is made of, ready to run. */
export interface TrainingParts {
  readonly folder: RunFolder;
  readonly lock: RunLock;
  readonly logs: Logs;
  readonly callbacks: Callbacks;
  readonly identity: RunIdentity;
  readonly recipe: Recipe;
  readonly served: Served;
  readonly engine: Engine;
  /** With the recipe's inputs as fields. */
  readonly data: DataSet;
  readonly batchSize: number;
  readonly epochs: number;
  readonly maxSteps: number;
  /** Source of random numbers for the engine. */
  readonly stepRandom: Random;
  /** Threads of an operator of the model that is measured; default: one per physical core. */
  readonly threads: number | undefined;
  readonly logEvery: number;
  readonly checkpointSeconds: number;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnEvent;
}

/** Batches of the training split, from a position on. */
export function trainingBatches(
  { recipe, data, batchSize, identity }: TrainingParts,
  position?: BatchPosition,
): TrainingBatches {
  return new TrainingBatches(data.splits.train, {
    batchSize,
    seed: identity.seed,
    group: batchesPerIteration(recipe, identity.options),
    shuffle: identity.options.shuffle !== false,
    augment: augmentations(recipe.batch(identity.options)),
    ...(position && { position }),
  });
}

/** How often a step runs in an iteration. */
export function timesOf(step: Step, options: OptionValues): number {
  return step.times?.(options) ?? 1;
}

/** Batches that an iteration takes: one for all steps, and one for each further time that a step runs. */
export function batchesPerIteration({ steps }: Recipe, options: OptionValues): number {
  return Object.values(steps).reduce((sum, step) => sum + timesOf(step, options) - 1, 1);
}
