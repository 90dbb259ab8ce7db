import { type AnyManifest, loadManifest } from '@onnx-forge/infer';
import { FINE_TUNING } from '../../finetune/fine-tuning.js';
import { fineTuningOfRun } from '../../finetune/of-run.js';
import type { Recipe } from '../../recipe/recipe.js';
import { CommandError, UsageError } from '../errors.js';
import { findRecipe, knownRecipes } from './recipes.js';

/** A trained run and the recipe that it was trained from. */
export interface TrainedRun {
  readonly run: string;
  readonly manifest: AnyManifest;
  readonly recipe: Recipe;
}

/**
 * Finds a run's recipe by the name in its manifest, or takes the user's own recipe file.
 *
 * @throws RunFolderError when there is no whole run; UsageError when the recipe is not known or not the run's
 */
export async function openRun(run: string, recipeFile: string | undefined): Promise<TrainedRun> {
  requireLocal(run);
  const manifest = await loadManifest(run, { kinds: 'any' });
  const { model } = manifest;
  if (recipeFile === undefined && model === FINE_TUNING) {
    return { run, manifest, recipe: await fineTuningOfRun(run, manifest) };
  }
  if (recipeFile === undefined && !Object.hasOwn(await knownRecipes(), model)) {
    throw new UsageError(
      `${run} was trained from the recipe '${model}', which is not installed; name its file by --recipe`,
      {
        run,
        model,
      },
    );
  }
  const recipe = await findRecipe(recipeFile ?? model);
  if (recipe.name === model) return { run, manifest, recipe };
  throw new UsageError(`${run} was trained from the recipe '${model}', but ${recipeFile} is '${recipe.name}'`, { run });
}

/** Commands that write into the run need a folder. */
function requireLocal(run: string): void {
  if (/^https?:/i.test(run)) {
    throw new CommandError('run-remote', `${run} is a URL: this command needs the run folder on this machine`, { run });
  }
}
