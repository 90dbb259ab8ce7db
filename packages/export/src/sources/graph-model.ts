import { graphFunction, graphSignature } from '../export/graph-model.js';
import { tf } from '../tfjs.js';
import type { ModelSource } from './model-source.js';
import { readArtifacts, reasonOf, SavedModelError } from './saved-model.js';

/** A tfjs graph model: what the converter makes of a TensorFlow SavedModel. */
export const graphModel: ModelSource = {
  format: 'graph-model',

  recognises(json) {
    const { format, modelTopology } = (json ?? {}) as Record<string, unknown>;
    // The oldest converters wrote no format.
    return format === 'graph-model' || Array.isArray((modelTopology as { node?: unknown } | undefined)?.node);
  },

  async read(file) {
    const model = await readGraphModel(file);
    return { run: graphFunction(model), signature: graphSignature(model) };
  },
};

/**
 * A graph model from a file or URL: `tf.loadGraphModel` for Node without tfjs-node.
 * @throws SavedModelError that names the file and what is wrong with it
 */
export async function readGraphModel(file: string): Promise<tf.GraphModel> {
  const artifacts = await readArtifacts(file);
  return tf.loadGraphModel({ load: async () => artifacts }).catch((error: unknown) => {
    throw new SavedModelError(`${file} can't be loaded by tfjs: ${reasonOf(error)}`, file, { cause: error });
  });
}
