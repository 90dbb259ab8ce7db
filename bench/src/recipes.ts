import { recipes } from '@onnx-forge/models';
import type { Recipe } from '@onnx-forge/train';

/** Every recipe's name. */
export const recipeNames: readonly string[] = Object.keys(recipes);

export async function recipeNamed(name: string): Promise<Recipe> {
  const read = Object.entries(recipes).find(([key]) => key === name)?.[1];
  if (read === undefined) throw new TypeError(`there is no recipe '${name}'`);
  return (await read()).default;
}
