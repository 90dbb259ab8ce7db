import { gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import { everyIndex, spreadIndices } from '../../../data/views.js';
import { fractionRight } from '../../../measures/classified.js';
import type { LabelledVectors } from '../../../measures/knn.js';
import type { Measure } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';
import { nearestLabels } from '../../../measures/nearest-neighbours.js';

/** Training images that answer at most; with more, the accuracy hardly changes. */
const BANK = 10_000;

/**
 * k-nearest-neighbour accuracy in the latent space of a VAE, which has seen no labels: the fraction of the split's images
 * whose class is that of most of their k nearest training images, each embedded as the mean of q(z|x). On the training
 * split every second image is a query, and the others are the neighbours.
 */
export function latentNeighbours({ k }: { readonly k: number }): Measure<'latent'> {
  return async (model, { splits }, { split, onProgress }) => {
    onProgress?.('nearest neighbours', 0);
    const embed = async (of: Split, chosen: readonly number[]): Promise<LabelledVectors> => {
      const { mu } = await model.encode(gather(of, 'x', chosen) as Float32Array);
      return { vectors: mu.data, labels: gather(of, 'label', chosen) };
    };
    const { train, [split]: asked } = splits;
    const [answering, asking] = split === 'train' ? halves(train) : [everyIndex(train), everyIndex(asked)];
    const chosen = spreadIndices({ size: answering.length }, BANK).map((index) => answering[index]!);
    const bank = await embed(train, chosen);
    const queries = await embed(asked, asking);
    const examples = asking.length;
    const found = nearestLabels(queries.vectors, bank, Math.min(k, bank.labels.length));
    return [measuredFraction(`latentNeighbours (k=${k})`, fractionRight(found, queries.labels), { split, examples })];
  };
}

function halves(split: Split): [number[], number[]] {
  const all = everyIndex(split);
  return [all.filter((index) => index % 2 === 0), all.filter((index) => index % 2 === 1)];
}
