import type { tf } from '@onnx-forge/export';
import { float32, type ImageEntry, type ServeOf, type Vectors } from '@onnx-forge/infer';
import { type Batch, evaluationBatches } from '../../data/batches.js';
import type { Split } from '../../data/data-set.js';
import { setAffine } from '../../layers/fitted-affine.js';
import type { Network } from '../../layers/network.js';
import { allPairs } from '../../measures/pairs.js';
import { bestThreshold, equalErrorRate, type Roc, rocCurve } from '../../measures/roc.js';
import type { GraphRunner, Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { withinClassWhitening } from './within-class-whitening.js';

/** Makes vectors of one identity differ equally much in every direction: see {@link withinClassWhitening}. */
export interface EmbeddingWhitening {
  /** Made by `fittedAffine`; it becomes the last layer of the graph. */
  readonly layer: Network;
  readonly shrinkage: number;
}

/** A net that places images as vectors. */
export interface EmbeddingModelOptions {
  /** Length of a vector. */
  readonly embeddingDim: number;
  readonly image: ImageEntry;
  /** How two vectors are compared: distance, or 1 - cosine. */
  readonly metric: ServeOf<'embedding'>['metric'];
  /** x [batch, pixels] in the image's range -> [batch, embeddingDim]. */
  embed(x: tf.Tensor): tf.Tensor;
  /**
   * The field that tells who or what is on an image. With it all pairs of the validation split tell after each epoch how
   * well same and different are told apart, and in the end the threshold that goes into the manifest.
   */
  readonly identity?: string;
  /** From the vectors of an epoch's training images, changed as in training, and their identities. */
  readonly whitening?: EmbeddingWhitening;
}

/** Serves embed: x -> embedding. */
export function embeddingModel(options: EmbeddingModelOptions): Served<'embedding'> {
  const { embeddingDim, image, metric, identity, whitening } = options;
  const embed = (x: tf.Tensor) => whitening?.layer.apply(options.embed(x)) ?? options.embed(x);
  const facts = { embeddingDim, image, metric };
  const served: Served<'embedding'> = {
    kind: 'embedding',
    facts,
    graphs: graphsOf('embedding', { serve: facts }, { embed: ({ x }: Tensors<'x'>) => ({ embedding: embed(x) }) }),
  };
  if (identity === undefined) return served;
  const curve = async (graphs: GraphRunner, split: Split): Promise<Roc> => {
    const batches = evaluationBatches(split, { batchSize: 100, fields: ['x', identity] });
    const { vectors, labels } = await embedAll(graphs, batches, identity, embeddingDim);
    const { same, different } = allPairs(vectors, labels, metric);
    return rocCurve(same, different);
  };
  return {
    ...served,
    ...(whitening && {
      async settle(graphs: GraphRunner, epoch: Iterable<Batch>) {
        const { layer, shrinkage } = whitening;
        setAffine(layer);
        const { vectors, labels } = await embedAll(graphs, epoch, identity, embeddingDim);
        setAffine(layer, withinClassWhitening(vectors, labels, shrinkage));
      },
    }),
    async validate(graphs, split) {
      const roc = await curve(graphs, split);
      return { auc: roc.auc, equalErrorRate: equalErrorRate(roc) };
    },
    async calibrate(graphs, split) {
      return { threshold: bestThreshold(await curve(graphs, split)) };
    },
  };
}

/** A vector for every example of some batches. */
async function embedAll(
  graphs: GraphRunner,
  batches: Iterable<Batch>,
  identity: string,
  embeddingDim: number,
): Promise<{ vectors: Vectors; labels: readonly number[] }> {
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  for (const { size, fields } of batches) {
    const x = fields.x as Float32Array;
    const { embedding } = await graphs.run('embed', { x: float32(x, [size, x.length / size]) });
    parts.push((embedding!.data as Float32Array).slice());
    labels.push(...(fields[identity] as Int32Array));
  }
  const data = new Float32Array(labels.length * embeddingDim);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { vectors: { data, dims: [labels.length, embeddingDim] }, labels };
}
