import { functionOf, signatureOf } from '../export/export-onnx.js';
import { tf } from '../tfjs.js';
import { endlessWait } from './buildable.js';
import { isKerasObject, type KerasObject, Untranslatable } from './keras-3/config.js';
import { isOfKeras } from './keras-3/layers.js';
import { isContainer, translateModel } from './keras-3/topology.js';
import { setWeights } from './keras-3/weights.js';
import { refusal } from './layers-model.js';
import type { ModelSource } from './model-source.js';
import { readArtifacts, SavedModelError } from './saved-model.js';

/**
 * A layers model of Keras 3, as its converter to tfjs writes it: tfjs reads the files of Keras 2 only. What tfjs would compute
 * otherwise, or not at all, is refused by the layer's name.
 */
export const keras3: ModelSource = {
  format: 'keras-3',

  recognises(json) {
    const { modelTopology } = (json ?? {}) as { modelTopology?: unknown };
    const { keras_version } = (modelTopology ?? {}) as { keras_version?: unknown };
    if (typeof keras_version === 'string' && Number.parseInt(keras_version, 10) >= 3) return true;
    const model = modelOf(modelTopology);
    // Keras 2 knows no modules, in neither models nor layers.
    if (!isKerasObject(model)) return false;
    const layers = isContainer(model) && Array.isArray(model.config.layers) ? model.config.layers : [];
    return isOfKeras(model.module) || layers.some((layer) => isKerasObject(layer) && isOfKeras(layer.module));
  },

  async read(file) {
    const { modelTopology, weightSpecs, weightData } = await readArtifacts(file);
    const config = modelOf(modelTopology);
    if (!isKerasObject(config)) throw new SavedModelError(`${file} holds no Keras 3 model`, file);
    try {
      const topology = translateModel(config);
      const wait = endlessWait(topology);
      if (wait !== undefined) throw new Untranslatable(wait);
      const model = await tf.loadLayersModel({ load: async () => ({ modelTopology: topology }) });
      const weights = tf.io.decodeWeights(weightData as ArrayBuffer, weightSpecs as tf.io.WeightsManifestEntry[]);
      setWeights(model, config, weights);
      for (const weight of Object.values(weights)) weight.dispose();
      return { run: functionOf(model), signature: signatureOf(model) };
    } catch (error) {
      if (!(error instanceof Untranslatable)) throw refusal(file, error);
      throw new SavedModelError(`${file} (Keras 3): ${error.message}`, file, { cause: error });
    }
  },
};

/** The model within a topology, which may also hold the backend and the training's settings. */
function modelOf(topology: unknown): KerasObject | undefined {
  const { model_config = topology } = (topology ?? {}) as { model_config?: unknown };
  return model_config as KerasObject | undefined;
}
