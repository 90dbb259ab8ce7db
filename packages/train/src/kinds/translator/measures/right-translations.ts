import type { TranslationScore } from '@onnx-forge/infer';
import { gatherRows } from '../../../data/batches.js';
import { SENTENCE_IDS } from '../../../data/prepare/sentence-pairs.js';
import type { Measure } from '../../../measures/measure.js';

/**
 * Nats per token of the right translations: `crossEntropy` with the right tokens so far given (teacher forcing: this is
 * -log p(translation | sentence)), `crossEntropyAlone` when the model goes on from its own most probable ones, as when it
 * translates (free running). And `exactMatch`, the fraction of the sentences that it then gets right to the word.
 */
export const translatorValidation: Measure<'translator'> = async (model, { splits }, { split, signal, onProgress }) => {
  const sources = gatherRows(splits[split], 'source');
  const targets = gatherRows(splits[split], 'target').map(withoutPadding);
  const follow = (what: string, freeRunning: boolean) =>
    model.scoreTokens(sources, targets, {
      freeRunning,
      signal,
      onProgress: ({ done, total }) => onProgress?.(`${what}, ${split}`, done / total),
    });
  const teacherForced = await follow('right translations', false);
  const freeRunning = await follow('own translations', true);
  const examples = targets.length;
  const about = { unit: 'nats per token', split, examples };
  const exact = teacherForced.filter(({ greedy }) => greedy).length / examples;
  return [
    { name: 'crossEntropy', value: natsPerToken(teacherForced), ...about },
    { name: 'crossEntropyAlone', value: natsPerToken(freeRunning), ...about },
    { name: 'exactMatch', value: exact, ...about, unit: 'fraction' },
  ];
};

function withoutPadding(row: Int32Array): Int32Array {
  return row.subarray(0, row.findLastIndex((id) => id !== SENTENCE_IDS.padding) + 1);
}

function natsPerToken(scores: readonly TranslationScore[]): number {
  let [sum, tokens] = [0, 0];
  for (const { logProb, logProbs } of scores) {
    sum -= logProb;
    tokens += logProbs.length;
  }
  return sum / tokens;
}
