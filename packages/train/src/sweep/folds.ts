import type { DataReference } from '../data/data-set.js';
import type { Fold } from '../data/sources/split.js';
import type { TrainRequest } from '../trainer/request.js';
import { SweepError } from './errors.js';

/**
 * A user's own data, split so that one of the folds is the test split.
 *
 * @throws SweepError (`sweep-invalid`) data of another sort, or split otherwise already
 */
export function onFold(data: TrainRequest['data'], { index, of }: Fold): DataReference {
  const place = ['folds'];
  if (typeof data !== 'object' || !('path' in data) || 'splits' in data) {
    const message = 'folds are for data of your own: give their path as settings.data';
    throw new SweepError('sweep-invalid', message, { place });
  }
  if (data.options?.split !== undefined)
    throw new SweepError('sweep-invalid', 'settings.split and folds exclude each other: leave one of them', { place });
  return { ...data, options: { ...data.options, split: `fold=${index}/${of}` } };
}
