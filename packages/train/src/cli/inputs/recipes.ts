import { resolve } from 'node:path';
import type { Recipe } from '../../recipe/recipe.js';
import { suggestion } from '../../suggest.js';
import { UsageError } from '../errors.js';
import { importUserModule } from './user-module.js';

type Registry = Readonly<Record<string, () => Promise<{ readonly default: Recipe }>>>;

/** A name, not an import: this package knows no model, and models depends on this package. */
const MODELS_PACKAGE = '@onnx-forge/models';

/** The recipes of the models package by name; empty when the package is not installed. */
export async function knownRecipes(): Promise<Registry> {
  try {
    return ((await import(MODELS_PACKAGE)) as { recipes: Registry }).recipes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return {};
    throw error;
  }
}

/** `./my-recipe.ts` is a file, `vae` a name. */
export function isRecipeFile(name: string): boolean {
  return /[/\\]/.test(name) || /\.[cm]?[jt]s$/.test(name);
}

/**
 * A recipe by its name, or from a user's own file that default-exports one.
 *
 * @throws UsageError that suggests the nearest name, or says what is wrong with the file
 */
export async function findRecipe(name: string): Promise<Recipe> {
  if (isRecipeFile(name)) return readRecipeFile(name);
  const registry = await knownRecipes();
  const read = Object.hasOwn(registry, name) ? registry[name] : undefined;
  if (read !== undefined) return (await read()).default;
  const known = Object.keys(registry);
  const list = known.length > 0 ? `models: ${known.join(', ')}` : `none is installed (npm install ${MODELS_PACKAGE})`;
  const hint = suggestion(name, known) || `; ${list}, or a file such as ./my-recipe.ts`;
  throw new UsageError(`there is no model '${name}'${hint}`, { model: name, known });
}

async function readRecipeFile(name: string): Promise<Recipe> {
  const path = resolve(name);
  const module = await importUserModule(path, 'recipe file');
  const recipe: unknown = module.default;
  if (isRecipe(recipe)) return recipe;
  throw new UsageError(`${path} has no recipe as its default export (export default defineRecipe({ ... }))`, { path });
}

function isRecipe(value: unknown): value is Recipe {
  const recipe = value as Partial<Recipe> | null | undefined;
  return (
    typeof recipe?.name === 'string' &&
    typeof recipe.nets === 'function' &&
    typeof recipe.serves === 'function' &&
    typeof recipe.steps === 'object'
  );
}
