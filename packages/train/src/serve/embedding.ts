import type { tf } from '@onnx-forge/export';
import { float32, type Vectors } from '@onnx-forge/infer';
import { evaluationBatches } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import { allPairs } from '../evaluation/pairs.js';
import { bestThreshold, equalErrorRate, type Roc, rocCurve } from '../evaluation/roc.js';
import { type GraphRunner, graph } from './graph.js';
import type { ImageFacts, ServeFacts } from './kinds.js';
import type { Served } from './served.js';

/** A net that places images as vectors. */
export interface EmbeddingModelOptions {
  /** Length of a vector. */
  readonly embeddingDim: number;
  readonly image: ImageFacts;
  /** How two vectors are compared: distance, or 1 - cosine. */
  readonly metric: ServeFacts<'embedding'>['metric'];
  /** x [batch, pixels] in the image's range -> [batch, embeddingDim]. */
  embed(x: tf.Tensor): tf.Tensor;
  /**
   * The field that tells who or what is on an image. With it all pairs of the validation split tell after each epoch how
   * well same and different are told apart, and in the end the threshold that goes into the manifest.
   */
  readonly identity?: string;
}

/** Serves embed: x -> embedding. */
export function embeddingModel(options: EmbeddingModelOptions): Served<'embedding'> {
  const { embeddingDim, image, metric, embed, identity } = options;
  const pixels = image.height * image.width * image.channels;
  const served: Served<'embedding'> = {
    kind: 'embedding',
    facts: { embeddingDim, image, metric },
    graphs: { embed: graph({ x: ['batch', pixels] }, ({ x }) => ({ embedding: embed(x) })) },
  };
  if (identity === undefined) return served;
  const curve = async (graphs: GraphRunner, split: Split): Promise<Roc> => {
    const { vectors, labels } = await embedAll(graphs, split, identity, embeddingDim);
    const { same, different } = allPairs(vectors, labels, metric);
    return rocCurve(same, different);
  };
  return {
    ...served,
    async validate(graphs, split) {
      const roc = await curve(graphs, split);
      return { auc: roc.auc, equalErrorRate: equalErrorRate(roc) };
    },
    async calibrate(graphs, split) {
      return { threshold: bestThreshold(await curve(graphs, split)) };
    },
  };
}

async function embedAll(
  graphs: GraphRunner,
  split: Split,
  identity: string,
  embeddingDim: number,
): Promise<{ vectors: Vectors; labels: Int32Array }> {
  const data = new Float32Array(split.size * embeddingDim);
  const labels = new Int32Array(split.size);
  for (const { size, indices, fields } of evaluationBatches(split, { batchSize: 100, fields: ['x', identity] })) {
    const x = fields.x as Float32Array;
    const { embedding } = await graphs.run('embed', { x: float32(x, [size, x.length / size]) });
    data.set(embedding!.data as Float32Array, indices[0]! * embeddingDim);
    labels.set(fields[identity]! as Int32Array, indices[0]!);
  }
  return { vectors: { data, dims: [split.size, embeddingDim] }, labels };
}
