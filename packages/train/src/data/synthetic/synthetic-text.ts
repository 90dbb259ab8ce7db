import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { characterSplit } from '../prepare/characters.js';

const SPEAKERS = ['ANNE', 'BRUNO', 'CLARA', 'DUKE', 'FIRST GUARD', 'QUEEN'];
const ARTICLES = ['the', 'a', 'my', 'our', 'that'];
const ADJECTIVES = ['old', 'gentle', 'false', 'silver', 'bitter', 'noble', 'weary'];
const NOUNS = ['king', 'river', 'sword', 'lady', 'storm', 'letter', 'crown', 'ship', 'night'];
const VERBS = ['follows', 'forgets', 'praises', 'fears', 'carries', 'betrays'];
const ENDS = ['.', '.', '.', '!', '?'];

/**
 * A play without sense, written by a seeded grammar: speakers, sentences, punctuation; an example is a character. A
 * stand-in for tinyshakespeare where nothing can be downloaded; far easier, so its numbers can't be compared.
 */
export const syntheticText: DataSetDescription = {
  name: 'synthetic-text',
  title: 'a play written by a seeded grammar',
  task: 'text, predict the next character; embedded stand-in for tinyshakespeare',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 100_000, validation: 10_000, test: 10_000 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-text');
    const entries = SPLIT_NAMES.map((name) => {
      const text = writePlay(syntheticText.sizes[name], random.fork(name));
      return [name, characterSplit(text)] as const;
    });
    return Object.fromEntries(entries) as Splits;
  },
};

/** So many characters of a play. */
function writePlay(length: number, random: Random): string {
  let text = '';
  while (text.length < length) {
    const lines = Array.from({ length: 1 + random.integer(3) }, () => sentence(random));
    text += `${pick(SPEAKERS, random)}:\n${lines.join('\n')}\n\n`;
  }
  return text.slice(0, length);
}

function sentence(random: Random): string {
  const noun = () => {
    const described = random.integer(2) === 0 ? `${pick(ADJECTIVES, random)} ` : '';
    return `${pick(ARTICLES, random)} ${described}${pick(NOUNS, random)}`;
  };
  const clause = () => `${noun()} ${pick(VERBS, random)} ${noun()}`;
  const words = random.integer(3) === 0 ? `${clause()}, and ${clause()}` : clause();
  return `${words[0]!.toUpperCase()}${words.slice(1)}${pick(ENDS, random)}`;
}

function pick(from: readonly string[], random: Random): string {
  return from[random.integer(from.length)]!;
}
