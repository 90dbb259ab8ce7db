import { tf } from '@onnx-forge/export';
import { float32 } from '@onnx-forge/infer';
import { evaluationBatches, gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import { knnAccuracy, type LabelledVectors, type NeighbourVote } from '../../../measures/knn.js';
import type { Evaluate } from '../../../measures/measure.js';
import { collapseStd } from '../../../objectives/self-supervision.js';
import type { GraphRunner } from '../../graph.js';
import type { Monitor } from '../../monitor.js';

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
 * Quality of representations that were learned without labels: the accuracy of a vote among nearest neighbours
 * (bank: the training images; queries: validation), and how far the outputs are from having collapsed. Before training, that
 * is what a random encoder gives: the floor that learning must leave behind.
 *
 * - knn: see {@link knnAccuracy}
 * - std: {@link collapseStd} of the validation outputs times sqrt(dimensions): about 1 is healthy, 0 collapsed
 */
export function representationMonitor({ images, labels }: RepresentationOptions): Monitor<NeighbourOptions> {
  return async (graphs, { splits }, _random, { neighbours, temperature }) => {
    const place = async (split: Split): Promise<LabelledVectors> => ({
      vectors: await embeddings(graphs, split, images),
      labels: gather(split, labels, everyIndex(split)),
    });
    const queries = await place(splits.validation);
    const vote = { k: neighbours, temperature };
    return {
      knn: await knnAccuracy(queries, await place(splits.train), vote),
      std: await relativeStd(queries.vectors, splits.validation.size),
    };
  };
}

/**
 * The measures of {@link representationMonitor} on the test split, of the exported graph; and what the same vote makes
 * of the bare pixels.
 */
export function representation({ images, labels }: RepresentationOptions): Evaluate<'embedding'> {
  return async (model, { splits }, { split = 'test' }) => {
    const { neighbours, temperature } = model.manifest.options as unknown as NeighbourOptions;
    const vote: NeighbourVote = { k: neighbours, temperature };
    const pixels = (of: Split): LabelledVectors => ({
      vectors: gather(of, images, everyIndex(of)) as Float32Array,
      labels: gather(of, labels, everyIndex(of)),
    });
    const embedded = async ({ vectors, labels }: LabelledVectors) => ({
      vectors: (await model.embed(vectors)).data,
      labels,
    });
    const [bank, queries] = [pixels(splits.train), pixels(splits[split])];
    const placed = await embedded(queries);
    const accuracy = await knnAccuracy(placed, await embedded(bank), vote);
    const bare = await knnAccuracy(queries, bank, vote);
    const { size } = splits[split];
    const about = { split, examples: size };
    const share = (name: string, value: number) => {
      return { name, value, unit: 'fraction', standardError: Math.sqrt((value * (1 - value)) / size), ...about };
    };
    return [
      share(`knnAccuracy (k=${neighbours}, T=${temperature})`, accuracy),
      share('knnAccuracy of pixels', bare),
      { name: 'relativeStd', value: await relativeStd(placed.vectors, size), unit: '1/sqrt(d)', ...about },
    ];
  };
}

/** {@link collapseStd} over its healthy value. */
async function relativeStd(vectors: Float32Array, rows: number): Promise<number> {
  const dimensions = vectors.length / rows;
  const std = tf.tidy(() => collapseStd(tf.tensor2d(vectors, [rows, dimensions])));
  const [value] = await std.data();
  std.dispose();
  return value! * Math.sqrt(dimensions);
}

/** Outputs of the graph `embed` for every image of a split, [size, dimensions]. */
async function embeddings(graphs: GraphRunner, split: Split, field: string): Promise<Float32Array> {
  let all: Float32Array | undefined;
  let from = 0;
  for (const { size, fields } of evaluationBatches(split, { batchSize: 500, fields: [field] })) {
    const x = fields[field] as Float32Array;
    const { embedding } = await graphs.run('embed', { x: float32(x, [size, x.length / size]) });
    const vectors = embedding!.data as Float32Array;
    all ??= new Float32Array((vectors.length / size) * split.size);
    all.set(vectors, from);
    from += vectors.length;
  }
  return all!;
}

function everyIndex({ size }: Split): number[] {
  return Array.from({ length: size }, (_, index) => index);
}
