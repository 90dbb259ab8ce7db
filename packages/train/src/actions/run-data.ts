import type { AnyManifest } from '@onnx-forge/infer';
import type { DataReference, DataSet, SplitName } from '../data/data-set.js';
import type { OptionValues } from '../options/option.js';
import { recipeData, recordedData } from '../recipe/data.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';

export interface RunDataRequest {
  /** Default: the data that the run was trained on. */
  readonly data?: string | DataReference | DataSet;
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
}

/** The data whose `split` a trained run is measured on, with the options that it was trained with. */
export async function runData(
  recipe: Recipe,
  manifest: AnyManifest,
  { data, dataDir, signal, split }: RunDataRequest & { readonly split: SplitName },
): Promise<{ readonly data: DataSet; readonly options: OptionValues }> {
  const options = recipeOptions(recipe, {}, manifest.options as OptionValues);
  const chosen = data ?? recordedData(manifest.data);
  const request = { data: chosen, dataDir, signal, options, isDrawnOnce: split === 'train' };
  return { options, data: await recipeData(recipe, request) };
}
