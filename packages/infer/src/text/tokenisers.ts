import { InputError } from '../errors.js';
import { asciiWords } from './ascii-words.js';
import type { Tokeniser } from './tokeniser.js';

/** `don't` is two words of a treebank: `do n't`. */
const NOT = /(\p{L})n['’]t(?![\p{L}\p{N}])/gu;

/** A contraction of a treebank, a word or number, or one of the marks that may carry a mood. */
const WORDS = /n['’]t(?![\p{L}\p{N}])|['’](?:s|re|ve|d|ll|m)(?![\p{L}\p{N}])|[\p{L}\p{N}]+|[,!?()]|\.{3}/gu;

/** How treebanks write the marks that they use themselves. */
const BRACKETS: Readonly<Record<string, string>> = { '-lrb-': '(', '-rrb-': ')', '-lsb-': '(', '-rsb-': ')' };

/**
 * Lower-case words of a sentence, in the manner of Kim 2014: hyphens part words, contractions are tokens of their own
 * (`it 's`, `do n't`), and of the marks only `, ! ? ( ) ...` are kept. A text that is tokenised already stays as it is.
 */
export const words: Tokeniser = (text) => {
  const plain = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/-[lr][rs]b-/g, (mark) => BRACKETS[mark]!)
    .replace(NOT, "$1 n't");
  return (plain.match(WORDS) ?? []).map((token) => token.replace('’', "'"));
};

/** The characters of a text (code points, not halves of surrogate pairs). */
export const characters: Tokeniser = (text) => Array.from(text);

/** The tokenisers that a manifest may name. */
export type TokeniserName = 'words' | 'characters' | 'asciiWords';

const TOKENISERS: Readonly<Record<TokeniserName, Tokeniser>> = { words, characters, asciiWords };

export const TOKENISER_NAMES: readonly TokeniserName[] = Object.keys(TOKENISERS) as TokeniserName[];

/** @throws InputError when no tokeniser has this name */
export function tokeniser(name: string): Tokeniser {
  if (Object.hasOwn(TOKENISERS, name)) return TOKENISERS[name as TokeniserName];
  throw new InputError(`there is no tokeniser '${name}'; known: ${TOKENISER_NAMES.join(', ')}`, { name });
}
