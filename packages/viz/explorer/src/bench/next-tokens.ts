import type { LanguageModel } from '@onnx-forge/infer';

/** A token that may come next. */
export interface NextToken {
  readonly token: string;
  readonly probability: number;
}

/**
 * Probabilities of the tokens after a text, the likeliest first, at a temperature: the model is asked for log p of each token
 * after what it sees of the text.
 */
export async function nextTokens(model: LanguageModel, text: string, temperature: number): Promise<NextToken[]> {
  const { vocabularies, serve } = model.manifest;
  const vocabulary = vocabularies?.[serve.vocabulary] ?? [];
  // The tokens of such models are characters; one that is not known has no id.
  const ids = [...text]
    .map((token) => vocabulary.indexOf(token))
    .filter((id) => id >= 0)
    .slice(-serve.blockSize);
  if (ids.length === 0) return [];
  const { values } = await model.logProbTokens(vocabulary.map((_, next) => [...ids, next]));
  const logProbs = vocabulary.map((_, next) => values[next * ids.length + ids.length - 1]! / temperature);
  const most = Math.max(...logProbs);
  const weights = logProbs.map((value) => Math.exp(value - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return vocabulary
    .map((token, i) => ({ token, probability: weights[i]! / sum }))
    .sort((one, other) => other.probability - one.probability);
}

/** A token as it can be read. */
export function visible(token: string): string {
  return { ' ': '␣', '\n': '⏎' }[token] ?? token;
}
