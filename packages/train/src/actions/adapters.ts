import { loadManifest } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import { ImportedNetwork } from '../finetune/imported-network.js';
import type { Recipe } from '../recipe/recipe.js';
import { trainedNetworks } from './trained-networks.js';

/**
 * The weights that a fine-tuning with adapters has trained, apart from its ONNX file: see `saveAdapters`.
 *
 * @param recipe of the run, made by `fineTuning`
 * @throws TrainError (`checkpoint-mismatch`), OnnxImportError for runs without adapters
 */
export async function runAdapters({ recipe, run }: { recipe: Recipe; run: string }): Promise<Uint8Array> {
  const nets = await trainedNetworks(recipe, run, await loadManifest(run, { kinds: recipe.kinds }));
  try {
    const { model } = nets;
    if (model instanceof ImportedNetwork) return await model.adapters();
    throw new TrainError('recipe-invalid', `${run} fine-tunes no ONNX file: it has no adapters`, { run });
  } finally {
    for (const net of Object.values(nets)) net.dispose();
  }
}
