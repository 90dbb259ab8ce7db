import { gather } from '../data/batches.js';
import type { Split } from '../data/data-set.js';
import type { Evaluate } from '../serve/evaluation.js';
import type { LabelledVectors } from './knn.js';
import { nearestLabels } from './nearestNeighbours.js';

/** The bank; more would cost more than they tell. */
const BANK = 10_000;

/**
 * How well classes, which no VAE has seen, are told apart in its latent space: the part of the split's images whose class
 * is that of most of their k nearest training images, all placed at the mean of q(z|x).
 */
export function latentNeighbours({ k }: { readonly k: number }): Evaluate<'latent'> {
  return async (model, { splits }, { split = 'test', onProgress }) => {
    onProgress?.('nearest neighbours', 0);
    const place = async (of: Split, count: number): Promise<LabelledVectors> => {
      const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * of.size) / count));
      const { mu } = await model.encode(gather(of, 'x', chosen) as Float32Array);
      return { vectors: mu.data, labels: gather(of, 'label', chosen) };
    };
    const examples = splits[split].size;
    const bank = await place(splits.train, Math.min(BANK, splits.train.size));
    const queries = await place(splits[split], examples);
    const found = nearestLabels(queries.vectors, bank, Math.min(k, bank.labels.length));
    const value = found.reduce((right, label, i) => right + (label === queries.labels[i] ? 1 : 0), 0) / examples;
    const standardError = Math.sqrt((value * (1 - value)) / examples);
    return [{ name: `latentNeighbours (k=${k})`, value, standardError, unit: 'fraction', split, examples }];
  };
}
