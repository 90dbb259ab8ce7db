import { functionOf, signatureOf } from '../export/export-onnx.js';
import { tf } from '../tfjs.js';
import { endlessWait } from './buildable.js';
import { adapted, kerasVersion } from './keras-2.js';
import { Untranslatable } from './keras-3/config.js';
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
    const model = await readLayersModel(file);
    return { run: functionOf(model), signature: signatureOf(model) };
  },
};

/**
 * A layers model from a file or URL: `tf.loadLayersModel` for Node without tfjs-node.
 * @throws SavedModelError that names the file and what is wrong with it
 */
export async function readLayersModel(file: string): Promise<tf.LayersModel> {
  const { modelTopology, weightSpecs, weightData } = await readArtifacts(file);
  const wait = endlessWait(modelTopology);
  if (wait !== undefined) throw new SavedModelError(`${file} can't be loaded: ${wait}`, file);
  const artifacts = { modelTopology: topologyOf(file, modelTopology), weightSpecs, weightData } as tf.io.ModelArtifacts;
  return tf.loadLayersModel({ load: async () => artifacts }).catch((error: unknown) => {
    throw refusal(file, error);
  });
}

/** @throws SavedModelError for a model of Keras 2 that tfjs would compute otherwise */
function topologyOf<T>(file: string, topology: T): T {
  const version = kerasVersion(topology);
  if (version === undefined) return topology;
  try {
    return adapted(topology, version);
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    throw new SavedModelError(`${file} (Keras ${version}): ${error.message}`, file, { cause: error });
  }
}

/** The error of a model that tfjs does not load; a layer class that tfjs lacks can be registered. */
export function refusal(file: string, error: unknown): SavedModelError {
  const reason = reasonOf(error);
  const unknown = /^Unknown layer: (\S+?)\. /.exec(reason)?.[1];
  if (unknown === undefined)
    return new SavedModelError(`${file} can't be loaded by tfjs: ${reason}`, file, { cause: error });
  const advice = 'register it with tf.serialization.registerClass first (command line: --import ./layers.ts)';
  return new SavedModelError(`${file}: tfjs has no layer class '${unknown}'; ${advice}`, file, { cause: error });
}
