import { gather } from '../../../data/batches.js';
import type { Split, SplitName } from '../../../data/data-set.js';
import type { Evaluate, Measurement } from '../../../measures/measure.js';

/**
 * Cross-entropy of the validation and the test text in nats and in bits per token: every token of the split's windows
 * once, each seeing those before it in its window (1 to blockSize of them). Standard errors are over windows.
 */
export const textLikelihood: Evaluate<'language-model'> = async (
  model,
  { splits },
  { split: only, signal, onProgress = () => {} },
) => {
  const measurements: Measurement[] = [];
  for (const split of only ? [only] : (['validation', 'test'] satisfies SplitName[])) {
    const { vocabulary } = model.manifest.serve;
    const text = textOf(splits[split], model.manifest.vocabularies![vocabulary]!);
    const { mean, standardError, values } = await model.logProb(text, {
      ...(signal && { signal }),
      onProgress: ({ done, total }) => onProgress(`cross-entropy, ${split}`, done / total),
    });
    const about = { split, examples: values.length };
    measurements.push(
      { name: 'crossEntropy', value: -mean, standardError, unit: 'nats per token', ...about },
      {
        name: 'bits',
        value: -mean / Math.LN2,
        standardError: standardError / Math.LN2,
        unit: 'bits per token',
        ...about,
      },
    );
  }
  return measurements;
};

/** The text that a split's windows [blockSize + 1] were cut from: each begins with the last token of the one before. */
function textOf(split: Split, vocabulary: readonly string[]): string {
  const all = Array.from({ length: split.size }, (_, index) => index);
  const windows = gather(split, 'tokens', all);
  const width = windows.length / split.size;
  const tokens = Array.from(windows).filter((_, index) => index === 0 || index % width > 0);
  return tokens.map((id) => vocabulary[id]!).join('');
}
