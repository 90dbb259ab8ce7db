import { gather } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import type { Evaluate } from '../../../measures/measure.js';

/** Accuracy on the test split, and the part of it that is read with confidence > 0.9. */
export const textClassification: Evaluate<'text-classifier'> = async (model, { splits }, { split = 'test' }) => {
  const { size } = splits[split];
  const truth = labelsOf(splits[split]);
  const { labels, confidences } = await model.classifyTokens(tokenRows(splits[split]));
  const accuracy = labels.filter((label, i) => label === truth[i]).length / size;
  const about = { unit: 'fraction', split, examples: size };
  return [
    { name: 'accuracy', value: accuracy, standardError: Math.sqrt((accuracy * (1 - accuracy)) / size), ...about },
    { name: 'confident', value: confidences.filter((value) => value > 0.9).length / size, ...about },
  ];
};

/** The class of every example. */
export function labelsOf(split: Split): ArrayLike<number> {
  return gather(split, 'label', allOf(split));
}

/** The token ids of every example, without the padding at the end. */
export function tokenRows(split: Split): Int32Array[] {
  const ids = gather(split, 'tokens', allOf(split)) as Int32Array;
  const length = ids.length / split.size;
  return allOf(split).map((row) => {
    const padded = ids.subarray(row * length, (row + 1) * length);
    return padded.subarray(0, padded.findLastIndex((id) => id !== 0) + 1);
  });
}

function allOf({ size }: Split): number[] {
  return Array.from({ length: size }, (_, index) => index);
}
