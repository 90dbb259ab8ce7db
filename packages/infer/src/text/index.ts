export { asciiWords } from './ascii-words.js';
export { padRows } from './pad.js';
export type { Tokeniser } from './tokeniser.js';
export { characters, TOKENISER_NAMES, type TokeniserName, tokeniser, words } from './tokenisers.js';
export { END, type EncodeOptions, PADDING, START, UNKNOWN, Vocabulary } from './vocabulary.js';
