import { functionOf, signatureOf } from '../export.js';
import { tf } from '../tfjs.js';
import type { ModelSource } from './model-source.js';
import { readArtifacts, reasonOf, SavedModelError } from './saved-model.js';

/** A tfjs layers model: what `model.save` of `tf.sequential` and `tf.model` writes, and the converter from Keras 2. */
export const layersModel: ModelSource = {
  format: 'layers-model',

  recognises(json) {
    const { format, modelTopology } = (json ?? {}) as Record<string, unknown>;
    return typeof modelTopology === 'object' && modelTopology !== null && format !== 'graph-model';
  },

  async read(file) {
    const { modelTopology, weightSpecs, weightData } = await readArtifacts(file);
    try {
      const load = async () => ({ modelTopology, weightSpecs, weightData }) as tf.io.ModelArtifacts;
      const model = await tf.loadLayersModel({ load });
      return { run: functionOf(model), signature: signatureOf(model) };
    } catch (error) {
      throw new SavedModelError(`${file} can't be loaded by tfjs: ${reasonOf(error)}`, file, { cause: error });
    }
  },
};
