import { train } from '@onnx-forge/train';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import { workloadPreset, workloadRecipe } from '../workloads.js';
import type { SpecOf } from './protocol.js';

/** A run folder after one iteration: weights do not matter to the clock. */
export async function makeRun({ recipe: name, out, threads, saveStep, set }: SpecOf<'make-run'>): Promise<Runner> {
  const recipe = await recipeNamed(name);
  const only = { maxSteps: 1, evaluate: false, figures: false };
  const measured = { recipe: workloadRecipe(recipe), ...workloadPreset(recipe), set, data: 'embedded' };
  await train({ ...measured, out, device: 'cpu', threads, saveStep, ...only });
  return { version: '', threads, measure: async () => ({ values: {} }), close: async () => {} };
}
