import { characterSplit } from '../characters.js';
import type { DataSetDescription } from '../describe.js';

const CHARACTERS = 1_115_394;
/** Where the held-out parts begin: the last tenth is validation, as nanoGPT has it, the twentieth before it is test. */
const TEST_FROM = Math.floor(0.85 * CHARACTERS);
const VALIDATION_FROM = Math.floor(0.9 * CHARACTERS);

/**
 * Tiny Shakespeare: 40,000 lines of his plays, 1,115,394 characters, 65 different ones; an example is a character. Split
 * by position: the first 85 % train, the next 5 % test, the last 10 % validation. The validation split is nanoGPT's; its
 * training split is the other 90 %, so that a test split of our own is among it.
 */
export const tinyshakespeare: DataSetDescription = {
  name: 'tinyshakespeare',
  title: "Tiny Shakespeare, lines of Shakespeare's plays as characters",
  task: 'text, predict the next character',
  source: 'Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks"',
  terms: 'public domain',
  sizes: {
    train: TEST_FROM,
    validation: CHARACTERS - VALIDATION_FROM,
    test: VALIDATION_FROM - TEST_FROM,
  },
  folder: 'tinyshakespeare',
  files: [
    {
      name: 'input.txt',
      bytes: CHARACTERS,
      sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
      urls: ['https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt'],
    },
  ],
  async load({ read }) {
    // The hash has been checked: it is ASCII.
    const text = new TextDecoder().decode((await read('input.txt')).bytes);
    return {
      train: characterSplit(text.slice(0, TEST_FROM)),
      validation: characterSplit(text.slice(VALIDATION_FROM)),
      test: characterSplit(text.slice(TEST_FROM, VALIDATION_FROM)),
    };
  },
};
