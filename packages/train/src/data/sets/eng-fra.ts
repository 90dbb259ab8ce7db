import { asciiWords, Random } from '@onnx-forge/infer';
import type { Split, Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { FormatError } from '../errors.js';
import type { FileContent } from '../formats/gzip.js';
import { readLines } from '../formats/lines.js';
import { splitGroups } from '../prepare/groups.js';

/** A sentence has fewer words and marks than this, as in the tutorial. */
const MAX_LENGTH = 10;

/** How the tutorial's English sentences begin once they are words (`i'm` is `i m`). The long forms may begin a longer word. */
const BEGINNINGS: readonly string[] = [
  ...['i am ', 'i m ', 'he is', 'he s ', 'she is', 'she s ', 'you are', 'you re '],
  ...['we are', 'we re ', 'they are', 'they re '],
];

/** One line of the file. */
export interface SentencePair {
  readonly english: string;
  readonly french: string;
}

/**
 * Short English sentences about somebody, with their French translations: texts `source` (French) and `target` (English).
 * The 10,599 pairs of PyTorch's translation tutorial, split so that no English sentence is in two splits; a French one may
 * be, with another English side.
 */
export const engFra: DataSetDescription = {
  name: 'eng-fra',
  title: 'English-French sentence pairs of Tatoeba, as filtered by the PyTorch translation tutorial',
  task: 'translation, French to English',
  source:
    'tatoeba.org and www.manythings.org/anki; filter of the PyTorch tutorial "Translation with a sequence to sequence network"',
  terms: 'CC BY 2.0 FR; attribution: www.manythings.org/anki and tatoeba.org',
  sizes: { train: 9_007, validation: 530, test: 1_062 },
  folder: 'eng-fra',
  files: [
    {
      name: 'eng-fra.txt',
      bytes: 9_541_158,
      sha256: '6b0f3decdb78600485b58efb541f5a2ab69ba888742ac04180e013084e40de7c',
      gzip: { bytes: 2_809_605, sha256: '288fd5b7fc1431692c9f91c404f6fd0e2ce9b341e6380ac7cb8919ee70ac2744' },
      urls: [],
      within: {
        archive: 'data.zip',
        urls: ['https://download.pytorch.org/tutorial/data.zip'],
        member: 'eng-fra.txt',
      },
    },
  ],
  async load({ read }) {
    const pairs = tutorialPairs(parsePairs(await read('eng-fra.txt')));
    const { train, validation, test } = splitGroups(
      pairs.map(({ english }) => asciiWords(english).join(' ')),
      { validation: 0.05, test: 0.1 },
      // The same split in every run, whatever its seed.
      new Random(0).fork('eng-fra'),
    );
    const split = (chosen: readonly number[]): Split => ({
      size: chosen.length,
      fields: {},
      texts: { source: chosen.map((i) => pairs[i]!.french), target: chosen.map((i) => pairs[i]!.english) },
    });
    return { train: split(train), validation: split(validation), test: split(test) } satisfies Splits;
  },
};

/**
 * `English<TAB>French`, a pair a line.
 *
 * @throws FormatError naming the byte of the first line that is not UTF-8 or no pair
 */
export function parsePairs(content: FileContent): SentencePair[] {
  return readLines(content, 'utf-8').map(({ text, offset }) => {
    const parts = text.split('\t');
    const [english, french] = parts;
    if (parts.length !== 2 || !english || !french) {
      const found = parts.length === 2 ? 'an empty one' : `${parts.length}`;
      const expected = 'two sentences with a tab between';
      throw new FormatError({ file: content.file, offset, expected, found, truncated: false });
    }
    return { english, french };
  });
}

/** The tutorial's filter: both sides shorter than 10 words and marks, the English one about somebody. */
export function tutorialPairs(pairs: readonly SentencePair[]): SentencePair[] {
  return pairs.filter(({ english, french }) => {
    const words = asciiWords(english);
    const sentence = words.join(' ');
    return (
      words.length < MAX_LENGTH &&
      BEGINNINGS.some((beginning) => sentence.startsWith(beginning)) &&
      asciiWords(french).length < MAX_LENGTH
    );
  });
}
