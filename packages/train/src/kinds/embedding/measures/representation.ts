import { tf } from '@onnx-forge/export';
import type { ModelOf } from '@onnx-forge/infer';
import { gather } from '../../../data/batches.js';
import type { Split, SplitName, Splits } from '../../../data/data-set.js';
import { everyIndex } from '../../../data/views.js';
import { knnAccuracy, type LabelledVectors } from '../../../measures/knn.js';
import type { Measure } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';
import { collapseStd } from '../../../objectives/self-supervision.js';
import { type Monitor, monitorOf } from '../../monitor.js';
import { embedSplit } from './verification.js';

export interface RepresentationOptions {
  /** The field of images; training may augment it, these measures never see that. */
  readonly images: string;
  /** The field of classes; training does not see it. */
  readonly labels: string;
}

/** Recipe options that the measures depend on. */
export interface NeighbourOptions {
  readonly neighbours: number;
  readonly temperature: number;
}

/**
 * Quality of representations that were learned without labels: the accuracy of a vote among nearest neighbours (bank: the
 * training images; queries: the split's), and how far the outputs are from having collapsed. Watched before training, that
 * is what a random encoder gives: the floor that learning must leave behind.
 *
 * - knn: see `knnAccuracy`
 * - std: {@link collapseStd} of the split's outputs times sqrt(dimensions): about 1 is healthy, 0 collapsed
 */
export function embeddingQuality(fields: RepresentationOptions): Measure<'embedding', NeighbourOptions> {
  return async (model, { splits }, { split, options }) => {
    const { accuracy, std } = await embeddedQuality(model, splits, split, fields, options);
    const about = { split, examples: splits[split].size };
    return [measuredFraction('knn', accuracy, about), { name: 'std', value: std, unit: '1/sqrt(d)', ...about }];
  };
}

/** {@link embeddingQuality}, and what the same vote makes of the bare pixels. */
export function representation(fields: RepresentationOptions): Measure<'embedding', NeighbourOptions> {
  return async (model, { splits }, { split, options }) => {
    const { neighbours, temperature } = options;
    const { accuracy, std } = await embeddedQuality(model, splits, split, fields, options);
    const pixels = (of: Split): LabelledVectors => ({
      vectors: gather(of, fields.images, everyIndex(of)) as Float32Array,
      labels: gather(of, fields.labels, everyIndex(of)),
    });
    const bare = await knnAccuracy(pixels(splits[split]), pixels(splits.train), { k: neighbours, temperature });
    const about = { split, examples: splits[split].size };
    return [
      measuredFraction(`knnAccuracy (k=${neighbours}, T=${temperature})`, accuracy, about),
      measuredFraction('knnAccuracy of pixels', bare, about),
      { name: 'relativeStd', value: std, unit: '1/sqrt(d)', ...about },
    ];
  };
}

/** @deprecated Use {@link embeddingQuality}, under `watch:`. */
export function representationMonitor(fields: RepresentationOptions): Monitor<NeighbourOptions> {
  return monitorOf(embeddingQuality(fields));
}

/** Of the embeddings of a split, with those of the training images as the bank. */
async function embeddedQuality(
  model: ModelOf<'embedding'>,
  splits: Splits,
  split: SplitName,
  fields: RepresentationOptions,
  { neighbours, temperature }: NeighbourOptions,
): Promise<{ accuracy: number; std: number }> {
  const embed = async (of: Split): Promise<LabelledVectors> => {
    const { vectors, labels } = await embedSplit(model, of, undefined, fields);
    return { vectors: vectors.data, labels };
  };
  const queries = await embed(splits[split]);
  const accuracy = await knnAccuracy(queries, await embed(splits.train), { k: neighbours, temperature });
  return { accuracy, std: await relativeStd(queries.vectors, splits[split].size) };
}

/** {@link collapseStd} over its healthy value. */
async function relativeStd(vectors: Float32Array, rows: number): Promise<number> {
  const dimensions = vectors.length / rows;
  const std = tf.tidy(() => collapseStd(tf.tensor2d(vectors, [rows, dimensions])));
  const [value] = await std.data();
  std.dispose();
  return value! * Math.sqrt(dimensions);
}
