import { join, resolve } from 'node:path';
import type { DataReference } from '../../data/data-set.js';
import { TrainError } from '../../errors.js';
import { type Recipe, recipeOptions, requireTrainable } from '../../recipe/recipe.js';
import { requestedCallbacks } from '../../trainer/callbacks/requested.js';
import type { TrainRequest } from '../../trainer/request.js';
import { messageOf, UsageError } from '../errors.js';
import { chosenData } from '../inputs/chosen-data.js';
import { findRecipe, isRecipeFile } from '../inputs/recipes.js';
import { type TrainSettings, toRequest } from '../options/settings.js';
import { given } from '../options/values.js';
import { type BatchFileEntry, type ConfigFile, readConfigFile } from './batch-file.js';

const RUNS_FOLDER = 'runs';

export interface PlanInput {
  readonly models: readonly string[];
  readonly config?: string | undefined;
  readonly out?: string | undefined;
  /** Runs go on: what they monitored is in their checkpoints. */
  readonly resume?: boolean;
  /** Of every run. A batch file's own win over them; they win over those of a file of one run. */
  readonly settings: TrainSettings;
}

/** One training, checked as far as can be without doing anything. */
export interface PlannedRun {
  /** Name of the run in messages. */
  readonly name: string;
  readonly request: TrainRequest;
  /** The file that the recipe is in, if it is the user's own. */
  readonly recipeFile?: string;
}

/**
 * Turns a command line into trainings. All mistakes in names and options are found here, before the first run begins.
 *
 * @throws UsageError, TrainError (`option-unknown`, `option-invalid`)
 */
export async function planRuns({ models, config, out, resume = false, settings }: PlanInput): Promise<PlannedRun[]> {
  const file = config === undefined ? undefined : await readConfigFile(config);
  const named: BatchFileEntry[] = models.map((model) => ({ model }));
  const isRun = file !== undefined && file.form !== 'batch';
  const entries = isRun ? [ofModel(file, models, config!)] : [...named, ...(file?.entries ?? [])];
  if (entries.length === 0)
    throw new UsageError("train needs a model, or --config FILE; 'onnx-forge models' lists them");
  const plans: PlannedRun[] = [];
  for (const [index, entry] of entries.entries()) {
    const { model, out: ownFolder, content, ...own } = entry;
    const recipe = await findRecipe(model);
    const alone = entries.length === 1 && out !== undefined ? out : undefined;
    const folder = (isRun ? (alone ?? ownFolder) : (ownFolder ?? alone)) ?? join(out ?? RUNS_FOLDER, recipe.name);
    if (isRun && settings.preset !== undefined && Object.keys(own.set ?? {}).length > 0) {
      throw new UsageError(`--preset ${settings.preset} would change nothing: ${config} sets options by itself`);
    }
    // A manifest's number of iterations is the end of its own epochs.
    const isLonger = file?.form === 'manifest' && settings.epochs !== undefined;
    const all = isRun ? merge({ ...own, ...(isLonger && { maxSteps: undefined }) }, settings) : merge(settings, own);
    // Hash and splits are those of the file's data.
    const known = settings.data === undefined || !isRun ? content : undefined;
    try {
      const request = await plan(recipe, folder, all, { resume, content: known });
      plans.push({ name: '', request, ...(isRecipeFile(model) && { recipeFile: model }) });
    } catch (error) {
      throw withPlace(error, file, isRun ? index : index - named.length, own);
    }
  }
  requireDistinct(plans);
  return plans.map((one) => {
    const { request } = one;
    const alone = plans.filter((other) => other.request.recipe.name === request.recipe.name).length === 1;
    return { ...one, name: alone ? request.recipe.name : request.out };
  });
}

/**
 * The entry of a file of one run. The command line may name its model, too, or the recipe file that has it.
 *
 * @throws UsageError when it names another one
 */
function ofModel({ entries, form }: ConfigFile, models: readonly string[], config: string): BatchFileEntry {
  const entry = entries[0]!;
  const [model = entry.model, ...others] = models;
  if (others.length === 0 && model === entry.model) return entry;
  // A manifest has the recipe's name, not the file that it was in.
  if (others.length === 0 && form === 'manifest' && isRecipeFile(model)) return { ...entry, model };
  const other = models.find((one) => one !== entry.model) ?? model;
  throw new UsageError(`${config} has the settings of '${entry.model}', not of '${other}': leave the model out`);
}

/**
 * One training of a recipe that is at hand.
 *
 * @throws UsageError, TrainError (`option-unknown`, `option-invalid`)
 */
export async function planRun(
  recipe: Recipe,
  out: string,
  settings: TrainSettings,
  { resume = false }: { readonly resume?: boolean } = {},
): Promise<PlannedRun> {
  return { name: recipe.name, request: await plan(recipe, out, settings, { resume, content: undefined }) };
}

/** The error of an option that the file sets, with its line. */
function withPlace(error: unknown, file: ConfigFile | undefined, entry: number, { set = {} }: TrainSettings): unknown {
  const option = error instanceof TrainError ? error.data.option : undefined;
  if (file === undefined || entry < 0 || typeof option !== 'string' || !Object.hasOwn(set, option)) return error;
  return file.refuseOption(entry, option, (error as TrainError).message);
}

async function plan(
  recipe: Recipe,
  out: string,
  settings: TrainSettings,
  { resume, content }: { readonly resume: boolean; readonly content: BatchFileEntry['content'] },
): Promise<TrainRequest> {
  const { data, resize, grey, columns, group, split, ...request } = given(toRequest(settings));
  const chosen = await chosenData({ data, resize, grey, columns, group, split });
  const options = recipeOptions(recipe, request);
  // Those of a run that it goes on from come in between.
  if (!resume && request.from === undefined) requireTrainable(recipe, options);
  if (!resume || request.monitor !== undefined) requireMonitor(request);
  return {
    ...request,
    ...given({ data: typeof chosen === 'object' ? asRecorded(chosen, content) : chosen }),
    recipe,
    out,
  };
}

/** The reference that a manifest has: its hash, and its rule of splitting or none. */
function asRecorded({ splitRule, ...chosen }: DataReference, content: BatchFileEntry['content']): DataReference {
  return { ...chosen, ...(content ? given(content) : given({ splitRule })) };
}

/** @throws UsageError when settings about a metric are incomplete or unusable */
function requireMonitor(settings: TrainSettings): void {
  try {
    requestedCallbacks(given(settings));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** `own` wins. `epochs` and `set.epochs` are the same option, and so are those of `batchSize`. */
function merge(all: TrainSettings, own: TrainSettings): TrainSettings {
  const { epochs, batchSize, maxSteps, set = {}, ...others } = all;
  const inOwn = (option: 'epochs' | 'batchSize') => own[option] !== undefined || Object.hasOwn(own.set ?? {}, option);
  const kept = Object.entries(set).filter(([option]) => !(isTwofold(option) && inOwn(option)));
  return {
    ...given(others),
    ...(!inOwn('epochs') && given({ epochs })),
    ...(!inOwn('batchSize') && given({ batchSize })),
    ...given({ maxSteps }),
    ...given(own),
    set: { ...Object.fromEntries(kept), ...own.set },
  };
}

function isTwofold(option: string): option is 'epochs' | 'batchSize' {
  return option === 'epochs' || option === 'batchSize';
}

function requireDistinct(plans: readonly PlannedRun[]): void {
  const folders = plans.map(({ request }) => resolve(request.out));
  const twice = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (twice === undefined) return;
  throw new UsageError(`two runs would write to ${twice}; give each its own "out" in a --config file`, {
    folder: twice,
  });
}
