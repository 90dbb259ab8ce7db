import type { DataSet } from '../data/data-set.js';
import { loadDataSet } from '../data/store/load.js';
import type { OptionValues } from '../options/option.js';
import { prepareInputs } from './inputs.js';
import { type Recipe, recipeOptions } from './recipe.js';

export interface DataRequest {
  /** A name, `real` or `embedded` for the recipe's own, or a loaded set. */
  readonly data: string | DataSet;
  readonly dataDir?: string | undefined;
  /** Of the recipe; its defaults when not given. */
  readonly options?: OptionValues | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Loads a recipe's data and gives it the form that the recipe wants: its inputs as fields. */
export async function recipeData(recipe: Recipe, request: DataRequest): Promise<DataSet> {
  const { data, dataDir, signal, options = recipeOptions(recipe) } = request;
  const loaded =
    typeof data === 'string' ? await loadDataSet(dataName(recipe, data), loadOptions(dataDir, signal)) : data;
  return prepareInputs(recipe.prepare(loaded, options), recipe.batch(options), recipe.name);
}

function dataName(recipe: Recipe, name: string): string {
  return name === 'real' || name === 'embedded' ? recipe.data[name] : name;
}

function loadOptions(dataDir: string | undefined, signal: AbortSignal | undefined) {
  return { ...(dataDir !== undefined && { dataDir }), ...(signal && { signal }) };
}
