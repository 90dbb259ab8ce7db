import type { DataSet } from '../data-set.js';
import { subset } from '../fields.js';

/** The data set with only the first `count` of its training examples (all, where there are fewer). */
export function takeTraining(dataSet: DataSet, count: number): DataSet {
  const { train } = dataSet.splits;
  return { ...dataSet, splits: { ...dataSet.splits, train: subset(train, 0, Math.min(count, train.size)) } };
}
