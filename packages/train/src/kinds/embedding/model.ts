import type { tf } from '@onnx-forge/export';
import type { ImageEntry, ModelOf, ServeOf } from '@onnx-forge/infer';
import type { Batch } from '../../data/batches.js';
import { setAffine } from '../../layers/fitted-affine.js';
import type { Network } from '../../layers/network.js';
import { bestThreshold, rocCurve } from '../../measures/roc.js';
import type { Tensors } from '../graph.js';
import { graphsOf, type Served } from '../served.js';
import { embedBatches, embeddingValidation, pairsOf } from './measures/verification.js';
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
  const serve = { embeddingDim, image, metric };
  const served: Served<'embedding'> = {
    kind: 'embedding',
    serve,
    graphs: graphsOf('embedding', { serve }, { embed: ({ x }: Tensors<'x'>) => ({ embedding: embed(x) }) }),
  };
  if (identity === undefined) return served;
  return {
    ...served,
    ...(whitening && {
      async settle(model: ModelOf<'embedding'>, epoch: Iterable<Batch>) {
        const { layer, shrinkage } = whitening;
        setAffine(layer);
        const { vectors, labels } = await embedBatches(model, epoch, identity);
        setAffine(layer, withinClassWhitening(vectors, labels, shrinkage));
      },
    }),
    validation: embeddingValidation(identity),
    async calibrate(model, split) {
      const { same, different } = await pairsOf(model, split, identity);
      return { threshold: bestThreshold(rocCurve(same, different)) };
    },
  };
}
