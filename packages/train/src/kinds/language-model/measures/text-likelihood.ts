import type { ModelOf, TextLogProbability } from '@onnx-forge/infer';
import { gatherRows } from '../../../data/batches.js';
import type { DataSet, SplitName } from '../../../data/data-set.js';
import type { Measure, Measurement, MeasureRequest } from '../../../measures/measure.js';

/** Cross-entropy in nats per token, of every token of the split's windows given those before it in its window. */
export const languageModelValidation: Measure<'language-model'> = async (model, data, request) => [
  crossEntropy(await logProbOf(model, data, request.split, request), request.split),
];

/**
 * Cross-entropy in nats and in bits per token: every token of the split's windows once, each seeing those before it in its
 * window (1 to blockSize of them). Standard errors are over windows. Beside the test text stands the validation text.
 */
export const textLikelihood: Measure<'language-model'> = async (model, data, request) => {
  const measurements: Measurement[] = [];
  const splits: readonly SplitName[] = request.split === 'test' ? ['validation', 'test'] : [request.split];
  for (const split of splits) {
    const nats = crossEntropy(await logProbOf(model, data, split, request), split);
    const { value, standardError, examples } = nats;
    measurements.push(nats, {
      name: 'bits',
      value: value / Math.LN2,
      standardError: standardError / Math.LN2,
      unit: 'bits per token',
      split,
      examples,
    });
  }
  return measurements;
};

function crossEntropy({ mean, standardError, values }: TextLogProbability, split: SplitName) {
  return { name: 'crossEntropy', value: -mean, standardError, unit: 'nats per token', split, examples: values.length };
}

/** log p of the windows `tokens` of a split. */
function logProbOf(
  model: ModelOf<'language-model'>,
  { splits }: DataSet,
  split: SplitName,
  { signal, onProgress }: Pick<MeasureRequest, 'signal' | 'onProgress'>,
): Promise<TextLogProbability> {
  return model.logProbTokens(gatherRows(splits[split], 'tokens'), {
    signal,
    onProgress: ({ done, total }) => onProgress?.(`cross-entropy, ${split}`, done / total),
  });
}
