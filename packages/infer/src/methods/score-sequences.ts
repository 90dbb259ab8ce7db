import { GraphError } from '../errors.js';
import type { StepDecoder } from './beam-search.js';
import { firstLargest } from './most-probable.js';

export interface SequenceScore {
  /** log p(token | those before it, sentence) of each token, nats. */
  readonly logProbs: Float64Array;
  /** Whether every token is the most probable one where it stands; of equally probable ones the first is. */
  readonly greedy: boolean;
}

/**
 * log p of a given sequence for each of some sentences, all a token further with each step.
 *
 * @param sequences token ids, one sequence for each sentence
 * @param start the token before the first
 * @param freeRunning the decoder goes on from its own most probable tokens, not from those of the sequence
 * @param nameOf names a sentence in messages
 * @throws GraphError when a log p is NaN
 */
export async function scoreSequences(
  decoder: StepDecoder,
  sequences: readonly ArrayLike<number>[],
  {
    start,
    freeRunning,
    nameOf,
  }: { readonly start: number; readonly freeRunning: boolean; nameOf(sentence: number): string },
): Promise<SequenceScore[]> {
  const rows = Array.from(sequences.keys());
  const scores = sequences.map(({ length }) => ({ logProbs: new Float64Array(length), greedy: true }));
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  let tokens = new Int32Array(rows.length).fill(start);
  for (let step = 0; step < longest; step++) {
    const { logProbs } = await decoder.step(rows, tokens);
    const vocabulary = logProbs.length / rows.length;
    const next = new Int32Array(rows.length);
    for (const row of rows) {
      const token = sequences[row]![step];
      if (token === undefined) continue;
      const of = logProbs.subarray(row * vocabulary, (row + 1) * vocabulary);
      if (Number.isNaN(of[token])) {
        const message = `log p of token ${step} is NaN for ${nameOf(row)}: the model's graphs give NaN for it`;
        throw new GraphError('graph-run', message, { token: step });
      }
      const best = firstLargest(of);
      const score = scores[row]!;
      score.logProbs[step] = of[token]!;
      if (best !== token) score.greedy = false;
      next[row] = freeRunning ? best : token;
    }
    tokens = next;
  }
  return scores;
}
