import type { Benchmark } from './benchmark.js';
import {
  augmentation,
  BROWSER_TASKS,
  browserServing,
  exportTime,
  generation,
  likelihood,
  loadingImages,
  loadTime,
  manyImages,
  type Settings,
  trainingSteps,
  translation,
} from './benchmarks.js';
import { compileTime, growing } from './growth/benchmark.js';
import { SERIES } from './growth/series.js';
import { INFERENCES, inference, STARTS, startUp } from './inference.js';
import { recipeNames } from './recipes.js';
import { sweeping } from './sweeps/benchmark.js';

/** Makes a benchmark when it is its turn. Its id begins the ids of its rows. */
interface Item {
  readonly id: string;
  make(settings: Settings): Benchmark | Promise<Benchmark>;
}

/** Recipes with an importance-sampled likelihood. */
const LIKELIHOODS = ['vae'];

/** Recipes whose sizes are varied. */
const GROWING = [...new Set(SERIES.map(({ recipe }) => recipe))];

/** Everything that can be measured. A new recipe has its steps, its export and its loading here by itself. */
const catalogue: readonly Item[] = [
  ...recipeNames.map((recipe) => item(`${recipe}/step`, (settings) => trainingSteps(recipe, settings))),
  ...LIKELIHOODS.map((recipe) => item(`${recipe}/likelihood`, (settings) => likelihood(recipe, settings))),
  item('transformer/generate', (settings) => generation('transformer', settings)),
  item('seq2seq/translate', (settings) => translation('seq2seq', settings)),
  ...Object.keys(INFERENCES).map((recipe) => item(`${recipe}/inference`, (settings) => inference(recipe, settings))),
  ...STARTS.map((recipe) => item(`${recipe}/start`, (settings) => startUp(recipe, settings))),
  ...GROWING.map((recipe) => item(`${recipe}/growth`, (settings) => growing(recipe, settings))),
  ...recipeNames.map((recipe) => item(`${recipe}/compile`, (settings) => compileTime(recipe, settings))),
  item('simsiam/augmentation', (settings) => augmentation('simsiam', settings)),
  item('data/images', (settings) => loadingImages(settings)),
  item('data/many-images', (settings) => manyImages(settings)),
  item('sweep', (settings) => sweeping(settings)),
  ...Object.keys(BROWSER_TASKS).map((recipe) =>
    item(`${recipe}/browser`, (settings) => browserServing(recipe, settings)),
  ),
  ...recipeNames.map((recipe) => item(`${recipe}/export`, (settings) => exportTime(recipe, settings))),
  ...recipeNames.map((recipe) => item(`${recipe}/load`, (settings) => loadTime(recipe, settings))),
];

function item(id: string, make: Item['make']): Item {
  return { id, make };
}

/** Names that `--only` accepts: recipes, kinds, and both together. */
export function selectable(): string[] {
  return [...new Set(catalogue.flatMap(({ id }) => [id, ...id.split('/')]))].sort();
}

/** The items that any of the names fits; all of them for no names. */
export function select(only: readonly string[]): readonly Item[] {
  if (only.length === 0) return catalogue;
  return catalogue.filter(({ id }) => only.some((name) => id === name || id.split('/').includes(name)));
}
