import { train } from '@onnx-forge/train';
import type { Runner } from '../benchmark.js';
import { recipeNamed } from '../recipes.js';
import type { SpecOf } from './protocol.js';

/** A run folder after one iteration: weights do not matter to the clock. */
export async function makeRun({ recipe, out, threads }: SpecOf<'make-run'>): Promise<Runner> {
  const only = { maxSteps: 1, evaluate: false, figures: false };
  await train({ recipe: await recipeNamed(recipe), out, device: 'cpu', threads, ...only });
  return { version: '', threads, measure: async () => ({ values: {} }), close: async () => {} };
}
