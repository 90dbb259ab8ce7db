import { PADDING, padRows, type Tokeniser, UNKNOWN, Vocabulary } from '@onnx-forge/infer';
import { type DataSet, type Field, SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import { DataError } from '../errors.js';

export interface VocabularyOptions {
  /** The first tokens, by id. A text that happens to hold one of them gives no second entry. */
  readonly special?: readonly string[];
  /** Tokens seen less often are left out. Default 1. */
  readonly minCount?: number;
  /** At most so many tokens, the special ones counted; the rarest are left out. */
  readonly maxSize?: number;
}

/**
 * The tokens of the texts given, after the special ones, the most frequent first; among equals the one that occurs first.
 * Give it training texts only: a vocabulary that knows the test split's words has seen the test split.
 */
export function buildVocabulary(
  texts: Iterable<readonly string[]>,
  { special = [PADDING, UNKNOWN], minCount = 1, maxSize = Number.POSITIVE_INFINITY }: VocabularyOptions = {},
): Vocabulary {
  const counts = new Map<string, number>();
  for (const tokens of texts) for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  for (const token of special) counts.delete(token);
  const common = [...counts].filter(([, count]) => count >= minCount);
  common.sort(([, one], [, other]) => other - one);
  const tokens = common.map(([token]) => token);
  return new Vocabulary([...special, ...tokens.slice(0, Math.max(0, maxSize - special.length))]);
}

/** Rows of token ids of unequal lengths as an int32 field [length]: padded on the right, cut where too long. */
export function tokenField(rows: readonly (readonly number[])[], length: number, padding = 0): Field {
  const { data } = padRows(
    rows.map((row) => row.slice(0, length)),
    { length, padding },
  );
  return {
    shape: [length],
    dtype: 'int32',
    read(index, out, offset) {
      out.set(data.subarray(index * length, (index + 1) * length), offset);
    },
  };
}

export interface TokeniseOptions extends VocabularyOptions {
  /** The run's manifest must name it, so that serving uses the same. */
  readonly tokenise: Tokeniser;
  /** Which of the split's texts. */
  readonly text: string;
  /** Name of the token field and of its vocabulary; default: the text's name. */
  readonly field?: string;
  /** Tokens per example: what is longer is cut, what is shorter is padded. */
  readonly length: number;
}

/**
 * The data set with one of its texts as a field of token ids too, and their vocabulary, made from the training split
 * alone. A set that has that vocabulary already is returned as it is.
 *
 * @throws DataError (`data-format`) when the data have no such text
 */
export function tokeniseTexts(
  dataSet: DataSet,
  { tokenise, text, field = text, length, ...options }: TokeniseOptions,
): DataSet {
  if (dataSet.vocabularies?.[field]) return dataSet;
  const tokens = SPLIT_NAMES.map((split) => textsOf(dataSet, split, text).map(tokenise));
  const vocabulary = buildVocabulary(tokens[0]!, options);
  const splits = SPLIT_NAMES.map((name, i): [string, Split] => {
    const split = dataSet.splits[name];
    const rows = tokens[i]!.map((row) => vocabulary.encode(row));
    return [name, { ...split, fields: { ...split.fields, [field]: tokenField(rows, length) } }];
  });
  return {
    ...dataSet,
    splits: Object.fromEntries(splits) as Splits,
    vocabularies: { ...dataSet.vocabularies, [field]: vocabulary.tokens },
  };
}

/** @throws DataError (`data-format`) when the split has no such text */
export function textsOf({ name, splits }: DataSet, split: keyof Splits, text: string): readonly string[] {
  const texts = splits[split].texts?.[text];
  if (texts !== undefined) return texts;
  throw new DataError('data-format', `data set ${name} has no text '${text}'`, { dataSet: name, text });
}
