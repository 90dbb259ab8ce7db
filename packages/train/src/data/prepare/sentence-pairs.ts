import { asciiWords, END, PADDING, START, UNKNOWN } from '@onnx-forge/infer';
import { type DataSet, SPLIT_NAMES } from '../data-set.js';
import { DataError } from '../errors.js';
import { textsOf, tokeniseTexts } from './vocabulary.js';

/** First tokens of every vocabulary of sentences. */
const SPECIAL = [PADDING, UNKNOWN, START, END];

/** Ids of the special tokens in every vocabulary of {@link sentencePairs}. */
export const SENTENCE_IDS = { padding: 0, unknown: 1, start: 2, end: 3 } as const;

export interface SentencePairOptions {
  /** Words and marks of a sentence at most. */
  readonly maxWords: number;
  /** Whether the start mark stands before a source. */
  readonly sourceStart: boolean;
  /** Whether the end mark stands after a source, and after a target. */
  readonly sourceEnd: boolean;
  readonly targetEnd: boolean;
}

/** Tokens of the longest source and target, marks counted. */
export function pairLengths({ maxWords, sourceStart, sourceEnd, targetEnd }: SentencePairOptions): {
  readonly source: number;
  readonly target: number;
} {
  return { source: maxWords + Number(sourceStart) + Number(sourceEnd), target: maxWords + Number(targetEnd) };
}

/**
 * The data set with its texts `source` and `target` as fields of token ids, padded, and both vocabularies (see
 * {@link SENTENCE_IDS}), made from the training split.
 *
 * @throws DataError (`data-format`) when there are no such texts, or a sentence is too long
 */
export function sentencePairs(dataSet: DataSet, options: SentencePairOptions): DataSet {
  const { maxWords, sourceStart, sourceEnd, targetEnd } = options;
  const lengths = pairLengths(options);
  for (const text of ['source', 'target']) requireShort(dataSet, text, maxWords);
  const marked = (start: boolean, end: boolean) => (text: string) => {
    return [...(start ? [START] : []), ...asciiWords(text), ...(end ? [END] : [])];
  };
  const withSource = tokeniseTexts(dataSet, {
    tokenise: marked(sourceStart, sourceEnd),
    text: 'source',
    length: lengths.source,
    special: SPECIAL,
  });
  return tokeniseTexts(withSource, {
    tokenise: marked(false, targetEnd),
    text: 'target',
    length: lengths.target,
    special: SPECIAL,
  });
}

function requireShort(dataSet: DataSet, text: string, maxWords: number): void {
  for (const split of SPLIT_NAMES) {
    const long = textsOf(dataSet, split, text).find((sentence) => asciiWords(sentence).length > maxWords);
    if (long === undefined) continue;
    const words = asciiWords(long).length;
    const message = `data set ${dataSet.name} has a ${text} sentence of ${words} words and marks, but maxWords is ${maxWords}: '${long}'`;
    throw new DataError('data-format', message, { dataSet: dataSet.name, text, words, maxWords });
  }
}
