import type { Manifest } from '@onnx-forge/infer';
import type { DataReference, DataSet } from '../data/data-set.js';
import { dataFacts } from '../data/facts.js';
import { drawnOnce } from '../data/prepare/binarise.js';
import { openDataSet } from '../data/sources/open.js';
import type { OptionValues } from '../options/option.js';
import { prepareInputs } from './inputs.js';
import { type Recipe, recipeOptions } from './recipe.js';

export interface DataRequest {
  /** A name, `real` or `embedded` for the recipe's own; a path or reference to a user's own; or a loaded set. */
  readonly data: string | DataReference | DataSet;
  readonly dataDir?: string | undefined;
  /** Of the recipe; its defaults when not given. */
  readonly options?: OptionValues | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Draw training images that each step would draw anew: to be measured, not to be trained on. */
  readonly isDrawnOnce?: boolean | undefined;
  /** Called now and then while many files are read. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** Loads a recipe's data and gives it the form that the recipe wants: its inputs as fields. */
export async function recipeData(recipe: Recipe, request: DataRequest): Promise<DataSet> {
  const { options = recipeOptions(recipe), isDrawnOnce = false } = request;
  const own = recipe.prepare(await loadData(recipe, request), options);
  // With the seed that recipes draw the other splits with.
  const prepared = isDrawnOnce ? drawnOnce(own, 0) : own;
  return prepareInputs(prepared, recipe.batch(options, dataFacts(prepared)), recipe.name);
}

/** The data of a request as they are, before the recipe prepares them. */
export async function loadData(recipe: Recipe, { data, ...context }: DataRequest): Promise<DataSet> {
  if (typeof data === 'string') return openDataSet(dataName(recipe, data), context);
  return 'splits' in data ? data : openDataSet(data, context);
}

/** A run's data, to be opened again: a reference to a user's own, with the hash of their content, or a name. */
export function recordedData({ reference, name }: Manifest['data']): string | DataReference {
  return reference ?? name;
}

function dataName(recipe: Recipe, name: string): string {
  return name === 'real' || name === 'embedded' ? recipe.data[name] : name;
}
