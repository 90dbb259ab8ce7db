import type { DataSetDescription } from '../description.js';
import { characterSplit } from '../prepare/characters.js';

const CHARACTERS = 1_115_394;
/** Training ends and validation begins as in nanoGPT; test is the last twentieth, as in TensorFlow Datasets. */
const VALIDATION_FROM = Math.floor(0.9 * CHARACTERS);
const TEST_FROM = Math.floor(0.95 * CHARACTERS);

/**
 * Tiny Shakespeare: 40,000 lines of his plays, 1,115,394 characters, 65 different ones; an example is a character. Split
 * by position, so that numbers compare with published ones: the first 90 % train and the last 10 % are validation, as in
 * nanoGPT. The test split is the last 5 % (TensorFlow Datasets') and so the second half of the validation split: a number
 * of it says nothing new of a model that was chosen by validation.
 */
export const tinyshakespeare: DataSetDescription = {
  name: 'tinyshakespeare',
  title: "Tiny Shakespeare, lines of Shakespeare's plays as characters",
  task: 'text, predict the next character',
  source: 'Karpathy 2015, "The Unreasonable Effectiveness of Recurrent Neural Networks"',
  terms: 'public domain',
  sizes: {
    train: VALIDATION_FROM,
    validation: CHARACTERS - VALIDATION_FROM,
    test: CHARACTERS - TEST_FROM,
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
      train: characterSplit(text.slice(0, VALIDATION_FROM)),
      validation: characterSplit(text.slice(VALIDATION_FROM)),
      test: characterSplit(text.slice(TEST_FROM)),
    };
  },
};
