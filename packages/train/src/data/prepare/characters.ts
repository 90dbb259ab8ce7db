import { characters } from '@onnx-forge/infer';
import { TrainError } from '../../errors.js';
import type { DataSet, Field, Split, SplitName } from '../data-set.js';

/** Where the vocabulary of characters is found in a data set and in a manifest. */
export const CHARACTERS = 'characters';

/** A text as a split: every character is an example. */
export function characterSplit(text: string): Split {
  const character = characters(text);
  return { size: character.length, fields: {}, texts: { character } };
}

export interface WindowOptions {
  /** A window has one character more: what follows the last. */
  readonly blockSize: number;
  /** Train on only so many characters, which count all the same for the vocabulary; 0: on all. */
  readonly trainingCharacters?: number;
}

/**
 * A data set of characters as windows for a language model: the field `tokens` [blockSize + 1] holds the ids of the
 * characters from i * blockSize on, so that an epoch predicts every character once (but the first, and those at the end
 * that fill no window). Ids count the training text's characters in the order of their code points, as nanoGPT's do.
 *
 * @throws TrainError `data-mismatch` for a set that is no text, a split shorter than a window, a character that the
 *   training text lacks
 */
export function characterWindows(dataSet: DataSet, { blockSize, trainingCharacters = 0 }: WindowOptions): DataSet {
  if (dataSet.vocabularies?.[CHARACTERS]) return dataSet;
  const { name, splits } = dataSet;
  const refuse = (reason: string) => new TrainError('data-mismatch', `data set '${name}' ${reason}`, { dataSet: name });
  const textOf = (split: SplitName): readonly string[] => {
    const text = splits[split].texts?.character;
    if (text) return text;
    throw refuse('is no text: a language model needs one');
  };
  const vocabulary = [...new Set(textOf('train'))].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  if (vocabulary.length < 2) {
    throw refuse(
      `has one character only in its train split, ${JSON.stringify(vocabulary[0])}: there is nothing to predict`,
    );
  }
  const ids = new Map(vocabulary.map((character, id) => [character, id]));
  const windowsOf = (split: SplitName): Split => {
    const text = textOf(split);
    const used = split === 'train' && trainingCharacters > 0 ? text.slice(0, trainingCharacters) : text;
    if (used.length <= blockSize) {
      const count = `${used.length} characters in its ${split} split`;
      throw refuse(`has ${count}, too few for windows of ${blockSize} and one more`);
    }
    const tokens = Int32Array.from(used, (character) => {
      const id = ids.get(character);
      if (id !== undefined) return id;
      throw refuse(`has ${JSON.stringify(character)} in its ${split} split, which the training text lacks`);
    });
    return {
      size: Math.floor((tokens.length - 1) / blockSize),
      fields: { tokens: windowField(tokens, blockSize) },
    };
  };
  const windows = { train: windowsOf('train'), validation: windowsOf('validation'), test: windowsOf('test') };
  return { ...dataSet, splits: windows, vocabularies: { [CHARACTERS]: vocabulary } };
}

/** Example i is `tokens` from i * blockSize up to and including (i + 1) * blockSize. */
function windowField(tokens: Int32Array, blockSize: number): Field {
  return {
    shape: [blockSize + 1],
    dtype: 'int32',
    read(index, out, offset) {
      const start = index * blockSize;
      out.set(tokens.subarray(start, start + blockSize + 1), offset);
    },
  };
}
