import { gather } from '../../../data/batches.js';
import type { Evaluate } from '../../../measures/measure.js';

/** Accuracy on the test split, in all and for the class that is read worst, and the part read with confidence > 0.9. */
export const classification: Evaluate<'classifier'> = async (model, { splits }, { split = 'test' }) => {
  const { size } = splits[split];
  const all = Array.from({ length: size }, (_, index) => index);
  const truth = gather(splits[split], 'label', all);
  const { labels, confidences } = await model.classify(gather(splits[split], 'x', all) as Float32Array);
  const right = model.manifest.serve.classes.map(() => 0);
  const seen = right.map(() => 0);
  labels.forEach((label, i) => {
    seen[truth[i]!]!++;
    if (label === truth[i]) right[label]!++;
  });
  const accuracy = right.reduce((sum, value) => sum + value, 0) / size;
  const worst = Math.min(...right.map((value, label) => value / seen[label]!).filter((value) => !Number.isNaN(value)));
  const about = { unit: 'fraction', split, examples: size };
  return [
    { name: 'accuracy', value: accuracy, standardError: Math.sqrt((accuracy * (1 - accuracy)) / size), ...about },
    { name: 'worstClassAccuracy', value: worst, ...about },
    { name: 'confident', value: confidences.filter((value) => value > 0.9).length / size, ...about },
  ];
};
