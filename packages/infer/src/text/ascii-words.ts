import type { Tokeniser } from './tokeniser.js';

/**
 * Lower-case words of unaccented letters, and the marks `. ! ?` apart from the word before them; all else parts words
 * (`c'est` is `c est`). As PyTorch's translation tutorial normalises its sentences, where a mark stays with letters that
 * follow it at once.
 */
export const asciiWords: Tokeniser = (text) =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/([.!?])/g, ' $1')
    .split(/[^a-zA-Z.!?]+/)
    .filter((token) => token !== '');
