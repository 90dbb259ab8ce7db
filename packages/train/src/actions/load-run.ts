import { type DeviceRequest, load, type Model } from '@onnx-forge/infer';
import type { Recipe } from '../recipe/recipe.js';

/** Loads a run of a recipe, which may be of a kind of its own: the trainer pairs its functions with its own models alone. */
export async function loadRun(
  { kinds }: Recipe,
  run: string,
  options: { readonly device: DeviceRequest; readonly threads?: number },
): Promise<Model> {
  return (await load(run, { ...options, kinds })) as Model;
}
