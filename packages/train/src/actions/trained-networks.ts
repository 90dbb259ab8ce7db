import { tf } from '@onnx-forge/export';
import { type AnyManifest, Random } from '@onnx-forge/infer';
import { dataFacts } from '../data/facts.js';
import { AVERAGE_PREFIX } from '../engine/averages.js';
import { TrainError } from '../errors.js';
import { seededInitializers } from '../layers/initializers.js';
import { type Networks, networkWeights } from '../layers/network.js';
import type { OptionValues } from '../options/option.js';
import { type Recipe, recipeOptions } from '../recipe/recipe.js';
import { loadBest, loadCheckpoint } from '../run/checkpoint.js';

/**
 * The networks of a trained run with the weights that it was exported with. The caller disposes of them.
 *
 * @throws TrainError (`checkpoint-mismatch`) when checkpoint and graphs are not of the same moment
 */
export async function trainedNetworks(recipe: Recipe, run: string, manifest: AnyManifest): Promise<Networks> {
  const options = recipeOptions(recipe, {}, manifest.options as OptionValues);
  const nets = recipe.nets(options, seededInitializers(new Random(0)), dataFacts(manifest));
  try {
    await restoreWeights(nets, run, manifest);
    return nets;
  } catch (error) {
    for (const net of Object.values(nets)) net.dispose();
    throw error;
  }
}

/** Gives the networks the weights that the run was exported with. */
async function restoreWeights(nets: Networks, run: string, { steps, chosen }: AnyManifest): Promise<void> {
  const refuse = (reason: string) => new TrainError('checkpoint-mismatch', `${run}: ${reason}`, { run });
  const best = chosen?.checkpoint === 'best';
  const checkpoint = best ? await loadBest(run, chosen) : await loadCheckpoint(run);
  if (checkpoint === undefined) throw refuse('there is no checkpoint, so its graphs have nothing to be compared with');
  if (!best && checkpoint.step !== steps) {
    throw refuse(
      `the checkpoint is of iteration ${checkpoint.step} and the graphs are of ${steps}; end the training by train --resume`,
    );
  }
  const prefix = checkpoint.options.averaging ? AVERAGE_PREFIX : '';
  for (const { name, variable } of networkWeights(nets)) {
    const array = checkpoint.state[`${prefix}${name}`];
    if (array === undefined || `${array.shape}` !== `${variable.shape}`) {
      const found = array === undefined ? 'missing' : `[${array.shape}]`;
      throw refuse(`weight '${name}' is ${found} in the checkpoint and [${variable.shape}] in the recipe`);
    }
    tf.tidy(() => variable.assign(tf.tensor(array.data, [...array.shape], variable.dtype as 'float32')));
  }
}
