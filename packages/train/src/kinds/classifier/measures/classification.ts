import { type Classification, type Float32Tensor, float32, type ModelOf } from '@onnx-forge/infer';
import { evaluationBatches, gather } from '../../../data/batches.js';
import type { Split, SplitName } from '../../../data/data-set.js';
import { everyIndex } from '../../../data/views.js';
import { fractionRight, meanCrossEntropy, worstFractionRight } from '../../../measures/classified.js';
import type { Measure, Measurement } from '../../../measures/measure.js';
import { measuredFraction } from '../../../measures/measured-fraction.js';

/** Images in one call: what their fields take in memory is bounded. */
const IMAGES_PER_CALL = 1000;
/** A class is told with confidence when it has more probability than this. */
const CONFIDENT = 0.9;

/** Classes of some examples as a model tells them, beside the true ones. */
export interface ClassifiedExamples extends Pick<Classification, 'labels' | 'confidences' | 'probabilities'> {
  readonly truth: ArrayLike<number>;
}

/** Cross-entropy in nats, and accuracy. Of equally probable classes the model's is the first. */
export const classifierValidation: Measure<'classifier'> = async (model, { splits }, { split, signal }) =>
  lossAndAccuracy(await classifySplit(model, splits[split], signal), split);

/**
 * Accuracy, in all and for the class that is read worst, and the fraction read with confidence > 0.9. Of equally probable
 * classes the model's is the first.
 */
export const classification: Measure<'classifier'> = async (model, { splits }, { split, signal }) => {
  const classified = await classifySplit(model, splits[split], signal);
  const [accuracy, confident] = accuracyAndConfidence(classified, split);
  const { labels, truth } = classified;
  const value = worstFractionRight(labels, truth, model.manifest.serve.classes.length);
  const worst = { name: 'worstClassAccuracy', value, unit: 'fraction', split, examples: labels.length };
  return [accuracy, worst, confident];
};

/** Mean cross-entropy (nats) and accuracy. */
export function lossAndAccuracy(
  { labels, truth, probabilities }: ClassifiedExamples,
  split: SplitName,
): [crossEntropy: Measurement, accuracy: Measurement] {
  const about = { split, examples: labels.length };
  return [
    { name: 'crossEntropy', value: meanCrossEntropy(probabilities, truth), unit: 'nats', ...about },
    measuredFraction('accuracy', fractionRight(labels, truth), about),
  ];
}

/** Accuracy, and the fraction told with confidence > 0.9. */
export function accuracyAndConfidence(
  { labels, truth, confidences }: ClassifiedExamples,
  split: SplitName,
): [accuracy: Measurement, confident: Measurement] {
  const about = { split, examples: labels.length };
  const confident = confidences.filter((value) => value > CONFIDENT).length / labels.length;
  return [
    measuredFraction('accuracy', fractionRight(labels, truth), about),
    { name: 'confident', value: confident, unit: 'fraction', ...about },
  ];
}

/** The classes of all images of a split. */
async function classifySplit(
  model: ModelOf<'classifier'>,
  split: Split,
  signal: AbortSignal | undefined,
): Promise<ClassifiedExamples> {
  const labels = new Int32Array(split.size);
  const confidences = new Float32Array(split.size);
  const classes = model.manifest.serve.classes.length;
  const probabilities: Float32Tensor = float32(new Float32Array(split.size * classes), [split.size, classes]);
  let from = 0;
  for (const { size, fields } of evaluationBatches(split, { batchSize: IMAGES_PER_CALL, fields: ['x'] })) {
    const found = await model.classify(fields.x as Float32Array, { signal });
    labels.set(found.labels, from);
    confidences.set(found.confidences, from);
    probabilities.data.set(found.probabilities.data, from * classes);
    from += size;
  }
  return { labels, confidences, probabilities, truth: gather(split, 'label', everyIndex(split)) };
}
