import type { tf } from '../tfjs.js';

/** Name of the file that tfjs-node writes weights to. */
export const WEIGHTS_FILE = 'weights.bin';

/** The bytes of `model.json` as tfjs-node writes it: the same keys in the same order, weights in one file. */
export function modelJson(artifacts: tf.io.ModelArtifacts): string {
  const { modelTopology, weightSpecs, format, generatedBy, convertedBy } = artifacts;
  const { trainingConfig, signature, userDefinedMetadata, modelInitializer, initializerSignature } = artifacts;
  return JSON.stringify({
    modelTopology,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: weightSpecs }],
    format,
    generatedBy,
    convertedBy,
    ...present({ trainingConfig, signature, userDefinedMetadata }),
    // tfjs-node drops these two, which graph models with tables can't be loaded without.
    ...present({ modelInitializer, initializerSignature }),
  });
}

/** The fields that have a value; JSON leaves out only what is undefined. */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
