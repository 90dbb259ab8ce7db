import { z } from 'zod';
import { graphFunction, graphSignature } from '../export/graph-model.js';
import { tf } from '../tfjs.js';
import type { ModelSource } from './model-source.js';
import { parsed, readArtifacts, reasonOf, SavedModelError } from './saved-model.js';

const port = z.looseObject({
  name: z.string().optional(),
  tensorShape: z
    .looseObject({
      dim: z.array(z.looseObject({ size: z.union([z.string(), z.number()]).optional() })).optional(),
      unknownRank: z.boolean().optional(),
    })
    .nullish(),
});
const ports = z.record(z.string(), port).nullish();

/** The parts of a graph model that are read before tfjs reads it, or after. */
const graphModelSchema = z.looseObject({
  modelTopology: z.looseObject({
    node: z.array(
      z.looseObject({
        name: z.string(),
        op: z.string(),
        input: z.array(z.string()).nullish(),
        attr: z.record(z.string(), z.unknown()).nullish(),
      }),
    ),
  }),
  signature: z.looseObject({ inputs: ports, outputs: ports }).nullish(),
});

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
  parsed(graphModelSchema, artifacts, file);
  return tf.loadGraphModel({ load: async () => artifacts }).catch((error: unknown) => {
    throw new SavedModelError(`${file} can't be loaded by tfjs: ${reasonOf(error)}`, file, { cause: error });
  });
}
