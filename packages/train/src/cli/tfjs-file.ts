import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tf } from '@onnx-forge/export';
import { ForgeError } from '@onnx-forge/infer';
import { z } from 'zod';
import { messageOf } from './errors.js';

/** A saved layers model can't be read (code `tfjs-model`). */
export class SavedModelError extends ForgeError {
  constructor(message: string, path: string, options?: ErrorOptions) {
    super('tfjs-model', message, { path }, options);
  }
}

const weights = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.enum(['float32', 'int32', 'bool', 'string', 'complex64']),
  quantization: z.looseObject({ dtype: z.enum(['uint8', 'uint16', 'float16']) }).optional(),
});
const modelSchema = z.looseObject({
  format: z.string().nullish(),
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()), weights: z.array(weights) })).optional(),
});

type SavedModel = z.infer<typeof modelSchema>;
type WeightGroup = NonNullable<SavedModel['weightsManifest']>[number];

const VALUE_BYTES = { float32: 4, int32: 4, bool: 1, complex64: 8, uint8: 1, uint16: 2, float16: 2 } as const;

/**
 * Reads a layers model as `model.save` and the converter write it: model.json with the weight shards beside it. This is
 * tfjs-node's `file://` loading without tfjs-node.
 *
 * @throws SavedModelError that names the file and what is wrong with it
 */
export async function readLayersModel(path: string): Promise<tf.LayersModel> {
  const { modelTopology, weightsManifest = [] } = await readModelFile(path);
  const groups = await Promise.all(weightsManifest.map((group) => readGroup(path, group)));
  const artifacts = {
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights) as tf.io.WeightsManifestEntry[],
    weightData: new Uint8Array(Buffer.concat(groups)).buffer,
  };
  try {
    return await tf.loadLayersModel({ load: async () => artifacts });
  } catch (error) {
    throw new SavedModelError(`${path} can't be loaded by tfjs: ${messageOf(error)}`, path, { cause: error });
  }
}

async function readModelFile(path: string): Promise<SavedModel> {
  const content = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SavedModelError(`${path} can't be read: ${messageOf(error)}`, path, { cause: error });
  });
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch (error) {
    throw new SavedModelError(`${path} is not JSON: ${(error as Error).message}`, path, { cause: error });
  }
  if ((json as { format?: unknown } | null)?.format === 'graph-model') {
    throw new SavedModelError(`${path} is a tfjs graph model; only layers models can be exported`, path);
  }
  const result = modelSchema.safeParse(json);
  if (result.success) return result.data;
  const { path: where, message } = result.error.issues[0]!;
  throw new SavedModelError(`${path} is not a saved tfjs layers model: ${where.join('.')}: ${message}`, path);
}

/** The shards of one group, joined; their length must be that of the group's weights. */
async function readGroup(modelPath: string, { paths, weights }: WeightGroup): Promise<Buffer> {
  const files = paths.map((name) => join(dirname(modelPath), name));
  const shards = await Promise.all(
    files.map((file) =>
      readFile(file).catch((error: unknown) => {
        throw new SavedModelError(`weights of ${modelPath}: ${file} can't be read: ${messageOf(error)}`, file);
      }),
    ),
  );
  const data = Buffer.concat(shards);
  const size = weights.reduce((sum, { shape, dtype, quantization }) => {
    // No layer has weights that are texts.
    const each = VALUE_BYTES[(quantization?.dtype ?? dtype) as keyof typeof VALUE_BYTES] ?? Number.NaN;
    return sum + each * shape.reduce((product, length) => product * length, 1);
  }, 0);
  if (data.length === size) return data;
  const names = files.join(', ');
  throw new SavedModelError(
    `weights of ${modelPath}: ${names} hold ${data.length} bytes instead of ${size}`,
    modelPath,
  );
}
