import type { ModelOf } from '@onnx-forge/infer';
import { gather, gatherRows } from '../../../data/batches.js';
import type { Split } from '../../../data/data-set.js';
import { everyIndex } from '../../../data/views.js';
import type { Measure } from '../../../measures/measure.js';
import {
  accuracyAndConfidence,
  type ClassifiedExamples,
  lossAndAccuracy,
} from '../../classifier/measures/classification.js';

/** Cross-entropy in nats, and accuracy. Of equally probable classes the model's is the first. */
export const textClassifierValidation: Measure<'text-classifier'> = async (model, { splits }, { split, signal }) =>
  lossAndAccuracy(await classifySplit(model, splits[split], signal), split);

/** Accuracy, and the fraction read with confidence > 0.9. Of equally probable classes the model's is the first. */
export const textClassification: Measure<'text-classifier'> = async (model, { splits }, { split, signal }) =>
  accuracyAndConfidence(await classifySplit(model, splits[split], signal), split);

async function classifySplit(
  model: ModelOf<'text-classifier'>,
  split: Split,
  signal: AbortSignal | undefined,
): Promise<ClassifiedExamples> {
  return { ...(await model.classifyTokens(tokenRows(split), { signal })), truth: labelsOf(split) };
}

/** The class of every example. */
export function labelsOf(split: Split): ArrayLike<number> {
  return gather(split, 'label', everyIndex(split));
}

/** The token ids of every example, without the padding at the end. */
export function tokenRows(split: Split): Int32Array[] {
  return gatherRows(split, 'tokens').map((padded) => padded.subarray(0, padded.findLastIndex((id) => id !== 0) + 1));
}
