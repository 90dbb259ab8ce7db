/** BLEU of a whole corpus, and what it is made of. */
export interface Bleu {
  /** 0 to 100. */
  readonly score: number;
  /** The fraction of the translations' n-grams that their references have, n = 1 to 4. */
  readonly precisions: readonly number[];
  /** 1, or less where the translations are shorter than the references. */
  readonly brevityPenalty: number;
  /** Words of all translations, and of the reference nearest in length to each. */
  readonly length: number;
  readonly referenceLength: number;
}

const ORDER = 4;

/**
 * BLEU-4 of a corpus (Papineni et al. 2002): n-grams are counted over all sentences, clipped by the most that one reference
 * of the sentence has; no smoothing. Sentence ends are no words here: leave end marks out.
 *
 * @param translations a list of words each
 * @param references for each translation one or several lists of words
 */
export function corpusBleu(
  translations: readonly (readonly string[])[],
  references: readonly (readonly (readonly string[])[])[],
): Bleu {
  const matches = new Array<number>(ORDER).fill(0);
  const totals = new Array<number>(ORDER).fill(0);
  let [length, referenceLength] = [0, 0];
  for (const [i, words] of translations.entries()) {
    const right = references[i]!;
    length += words.length;
    referenceLength += nearestLength(
      words.length,
      right.map((reference) => reference.length),
    );
    for (let n = 1; n <= ORDER; n++) {
      const allowed = right.map((reference) => countNGrams(reference, n));
      for (const [nGram, count] of countNGrams(words, n)) {
        totals[n - 1]! += count;
        matches[n - 1]! += Math.min(count, Math.max(...allowed.map((counts) => counts.get(nGram) ?? 0)));
      }
    }
  }
  const precisions = matches.map((count, n) => (totals[n] === 0 ? 0 : count / totals[n]!));
  const brevityPenalty = length >= referenceLength ? 1 : length === 0 ? 0 : Math.exp(1 - referenceLength / length);
  const logMean = precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / ORDER;
  return { score: 100 * brevityPenalty * Math.exp(logMean), precisions, brevityPenalty, length, referenceLength };
}

/** Of equally near ones the shorter. */
function nearestLength(length: number, references: readonly number[]): number {
  return references.reduce((best, other) => {
    const [far, near] = [Math.abs(best - length), Math.abs(other - length)];
    return near < far || (near === far && other < best) ? other : best;
  });
}

function countNGrams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let at = 0; at + n <= words.length; at++) {
    const nGram = words.slice(at, at + n).join(' ');
    counts.set(nGram, (counts.get(nGram) ?? 0) + 1);
  }
  return counts;
}
