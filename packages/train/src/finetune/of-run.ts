import { join } from 'node:path';
import type { AnyManifest } from '@onnx-forge/infer';
import type { Recipe } from '../recipe/recipe.js';
import { BASE_FILE, fineTuning } from './fine-tuning.js';
import type { FineTuningLoss } from './losses.js';

/** The recipe of a run that fine-tuned an ONNX file: made of the file that the run keeps. */
export function fineTuningOfRun(run: string, { options }: Pick<AnyManifest, 'options'>): Promise<Recipe> {
  return fineTuning(join(run, 'base', BASE_FILE), { loss: options.loss as FineTuningLoss });
}
