import { likelihood, progress, type Recipe, reconstructions, samples } from '@onnx-forge/train';
import { tinyRecipe } from '../../train/tiny.js';

/** The tiny VAE as a recipe file, with something to measure and to draw. */
const recipe: Recipe = {
  ...tinyRecipe,
  name: 'tiny-vae',
  snapshots: () => ({ atSteps: [0], everySteps: 3 }),
  evaluate: likelihood({ samples: 3 }) as unknown as NonNullable<Recipe['evaluate']>,
  figures: { samples, progress, reconstructions } as unknown as Recipe['figures'],
};
export default recipe;
