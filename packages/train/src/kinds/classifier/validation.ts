import { evaluationBatches } from '../../data/batches.js';
import type { FieldArray, Split } from '../../data/data-set.js';

export interface ClassificationValidation {
  /** The field that is classified; `label` has the truth. */
  readonly field: string;
  readonly batchSize: number;
  /** `size` examples of the field -> p(class | example), [size, classes] row by row. */
  probabilities(values: FieldArray, size: number): Promise<Float32Array>;
}

/** Mean cross-entropy (nats) and accuracy over all examples of a split, summed in float64. */
export async function validateClassification(
  split: Split,
  { field, batchSize, probabilities }: ClassificationValidation,
): Promise<{ crossEntropy: number; accuracy: number }> {
  let [surprise, right] = [0, 0];
  for (const { size, fields } of evaluationBatches(split, { batchSize, fields: [field, 'label'] })) {
    const all = await probabilities(fields[field]!, size);
    const classes = all.length / size;
    for (let row = 0; row < size; row++) {
      const of = all.subarray(row * classes, (row + 1) * classes);
      const label = fields.label![row]!;
      surprise -= Math.log(Math.max(of[label]!, Number.MIN_VALUE));
      if (of.every((value) => value <= of[label]!)) right++;
    }
  }
  return { crossEntropy: surprise / split.size, accuracy: right / split.size };
}
