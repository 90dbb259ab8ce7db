import { join, resolve } from 'node:path';
import { type Recipe, recipeOptions } from '../../recipe/recipe.js';
import type { TrainRequest } from '../../trainer/request.js';
import { UsageError } from '../errors.js';
import { chosenData } from '../inputs/chosen-data.js';
import { findRecipe } from '../inputs/recipes.js';
import { type TrainSettings, toRequest } from '../options/settings.js';
import { given } from '../options/values.js';
import { type BatchEntry, readBatchFile } from './batch-file.js';

const RUNS_FOLDER = 'runs';

export interface PlanInput {
  readonly models: readonly string[];
  readonly config?: string | undefined;
  readonly out?: string | undefined;
  /** Of every run; a batch file's own win. */
  readonly settings: TrainSettings;
}

/** One training, checked as far as can be without doing anything. */
export interface PlannedRun {
  /** Name of the run in messages. */
  readonly name: string;
  readonly request: TrainRequest;
}

/**
 * Turns a command line into trainings. All mistakes in names and options are found here, before the first run begins.
 *
 * @throws UsageError, TrainError (`option-unknown`, `option-invalid`)
 */
export async function planRuns({ models, config, out, settings }: PlanInput): Promise<PlannedRun[]> {
  const entries: BatchEntry[] = models.map((model) => ({ model }));
  if (config !== undefined) entries.push(...(await readBatchFile(config)));
  if (entries.length === 0)
    throw new UsageError("train needs a model, or --config FILE; 'onnx-forge models' lists them");
  const plans: PlannedRun[] = [];
  for (const { model, out: ownFolder, ...own } of entries) {
    const recipe = await findRecipe(model);
    const folder =
      ownFolder ?? (entries.length === 1 && out !== undefined ? out : join(out ?? RUNS_FOLDER, recipe.name));
    plans.push({ name: '', request: await plan(recipe, folder, merge(settings, own)) });
  }
  requireDistinct(plans);
  return plans.map(({ request }) => {
    const alone = plans.filter((other) => other.request.recipe.name === request.recipe.name).length === 1;
    return { name: alone ? request.recipe.name : request.out, request };
  });
}

async function plan(recipe: Recipe, out: string, settings: TrainSettings): Promise<TrainRequest> {
  const { data, resize, grey, columns, group, split, ...request } = given(toRequest(settings));
  const chosen = await chosenData({ data, resize, grey, columns, group, split });
  recipeOptions(recipe, request);
  return { ...request, ...given({ data: chosen }), recipe, out };
}

function merge(all: TrainSettings, own: TrainSettings): TrainSettings {
  return { ...given(all), ...given(own), set: { ...all.set, ...own.set } };
}

function requireDistinct(plans: readonly PlannedRun[]): void {
  const folders = plans.map(({ request }) => resolve(request.out));
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice === undefined) return;
  throw new UsageError(`two runs would write to ${twice}; give each its own "out" in a --config file`, {
    folder: twice,
  });
}
