import { subset } from '../../../data/fields.js';
import type { Measure } from '../../../measures/measure.js';
import { elboTerms } from './bounds.js';

/**
 * The ELBO of the first `batchSize` training images in the file's order (nats per image, one z each), to be watched. A loop
 * that goes through the file in order, and prints its loss at the start of each epoch, prints this: the bound of the same
 * few images each time, which is not that of the training set.
 */
export function firstBatchElbo(): Measure<'latent', { readonly batchSize: number }> {
  return async (model, { splits: { train } }, { seed, options: { batchSize } }) => {
    const first = subset(train, 0, Math.min(batchSize, train.size));
    const [elbo] = await elboTerms(model, first, 'train', { seed, options: {} });
    return [{ ...elbo!, name: 'firstBatchElbo' }];
  };
}
