import type { DataSet, Recipe } from '@onnx-forge/train';
import type { OptionValues } from '@onnx-forge/train/options';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';

/** Settings to measure a recipe with if its defaults, or the embedded data, would say little about its real use. */
interface Workload {
  readonly preset?: string;
  /** Vocabularies are filled up to these sizes: those of the recipe's real data set. */
  readonly vocabularies?: Readonly<Record<string, number>>;
}

const WORKLOADS: Readonly<Record<string, Workload>> = {
  // Its default is a ResNet-18 on batches of 1024, for a GPU.
  simsiam: { preset: 'small' },
  'text-cnn': { vocabularies: { tokens: 7199 } },
  seq2seq: { vocabularies: { source: 3993, target: 2607 } },
  transformer: { vocabularies: { characters: 65 } },
};

function workload({ name }: Recipe): Workload {
  return WORKLOADS[name] ?? {};
}

/** The recipe as a row's title names it: `simsiam (small)`. */
export function workloadName(recipe: Recipe): string {
  const { preset } = workload(recipe);
  return preset === undefined ? recipe.name : `${recipe.name} (${preset})`;
}

/** Sizes of the vocabularies for a row's title: `, vocabularies of 3,993 and 2,607`; empty if there are none. */
export function vocabularySizes(recipe: Recipe): string {
  const sizes = Object.values(workload(recipe).vocabularies ?? {}).map((size) => size.toLocaleString('en-US'));
  if (sizes.length === 0) return '';
  return sizes.length === 1 ? `, vocabulary of ${sizes[0]}` : `, vocabularies of ${sizes.join(' and ')}`;
}

export function workloadPreset(recipe: Recipe): { readonly preset?: string } {
  const { preset } = workload(recipe);
  return preset === undefined ? {} : { preset };
}

/** The options of the workload, but for those of `set`. */
export function workloadOptions(
  recipe: Recipe,
  set: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof recipeOptions> {
  return recipeOptions(recipe, { ...workloadPreset(recipe), set });
}

/** The recipe, whose data have vocabularies as large as the real data's. */
export function workloadRecipe(recipe: Recipe): Recipe {
  const { vocabularies = {} } = workload(recipe);
  return { ...recipe, prepare: (dataSet, options) => withVocabularies(recipe.prepare(dataSet, options), vocabularies) };
}

/** The embedded data in the form that the recipe wants. */
export function workloadData(recipe: Recipe, options: OptionValues): Promise<DataSet> {
  return recipeData(workloadRecipe(recipe), { data: 'embedded', options });
}

/**
 * A data set whose vocabularies have at least these sizes, by made-up tokens at their ends, which no example has: layers
 * get the width, and updates the cost, that they have with the real data.
 */
export function withVocabularies(dataSet: DataSet, sizes: Readonly<Record<string, number>>): DataSet {
  const grown = Object.entries(sizes).map(([name, size]): [string, readonly string[]] => {
    const tokens = dataSet.vocabularies?.[name];
    if (tokens === undefined) throw new TypeError(`data set '${dataSet.name}' has no vocabulary '${name}'`);
    const missing = Math.max(0, size - tokens.length);
    return [name, [...tokens, ...Array.from({ length: missing }, (_, index) => madeUpToken(index))]];
  });
  return grown.length === 0
    ? dataSet
    : { ...dataSet, vocabularies: { ...dataSet.vocabularies, ...Object.fromEntries(grown) } };
}

/** One letter of a script that no data set has, by number: a word and a character at once. */
function madeUpToken(index: number): string {
  return String.fromCodePoint(0x4e00 + index);
}
