import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';

/** English nouns with their words in the invented language, by gender: 0 or 1. */
const NOUNS = [
  ['cat', 'mira', 0],
  ['dog', 'polo', 1],
  ['bird', 'sefa', 0],
  ['fish', 'tarn', 1],
  ['horse', 'velka', 0],
  ['child', 'bunor', 1],
  ['king', 'rado', 1],
  ['queen', 'rada', 0],
  ['tree', 'olm', 1],
  ['house', 'kesta', 0],
  ['book', 'librun', 1],
  ['song', 'canta', 0],
  ['river', 'flumo', 1],
  ['star', 'zira', 0],
] as const;

/** Adjectives end like their noun's gender: `-e` or `-u`. */
const ADJECTIVES = [
  ['small', 'pik'],
  ['big', 'gran'],
  ['red', 'ros'],
  ['old', 'vet'],
  ['young', 'yun'],
  ['happy', 'lor'],
  ['quiet', 'shil'],
  ['fast', 'rap'],
] as const;

const VERBS = [
  ['see', 'oku'],
  ['like', 'ami'],
  ['find', 'tro'],
  ['follow', 'segi'],
  ['hear', 'auda'],
  ['want', 'desi'],
  ['know', 'sapi'],
  ['help', 'juva'],
] as const;

/** Articles of the invented language by gender: definite, then indefinite. */
const ARTICLES = [
  ['la', 'una'],
  ['lo', 'uno'],
] as const;

/**
 * Sentences of an invented language (`source`) and their English translations (`target`), made by a grammar: the verb
 * stands last, adjectives follow their noun, articles and adjectives have its gender, and a question is a word at the end.
 * So a translation must reorder, and drop and add words. A stand-in where nothing can be downloaded; its numbers compare
 * with no other's.
 */
export const syntheticGrammar: DataSetDescription = {
  name: 'synthetic-grammar',
  title: 'sentence pairs of a small grammar',
  task: 'translation from an invented language to English; embedded stand-in for eng-fra',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 4_000, validation: 500, test: 500 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-grammar');
    const taken = new Set<string>();
    const entries = SPLIT_NAMES.map((name) => {
      return [name, writePairs(syntheticGrammar.sizes[name], random.fork(name), taken)] as const;
    });
    return Object.fromEntries(entries) as unknown as Splits;
  },
};

/** `size` pairs of which no English sentence is `taken`; they are then. */
function writePairs(size: number, random: Random, taken: Set<string>): Split {
  const source: string[] = [];
  const target: string[] = [];
  while (source.length < size) {
    const pair = sentence(random);
    if (taken.has(pair.english)) continue;
    taken.add(pair.english);
    source.push(pair.invented);
    target.push(pair.english);
  }
  return { size, fields: {}, texts: { source, target } };
}

function sentence(random: Random): { english: string; invented: string } {
  const [subject, object] = [phrase(random), phrase(random)];
  const [verb, stem] = one(VERBS, random);
  const question = random.uniform() < 0.3;
  const [mark, asked] = question ? ['?', 'ka '] : ['.', ''];
  const english = question
    ? `does ${subject.english} ${verb} ${object.english} ${mark}`
    : `${subject.english} ${verb}s ${object.english} ${mark}`;
  return { english, invented: `${subject.invented} ${object.invented} ${stem} ${asked}${mark}` };
}

/** An article, perhaps an adjective, and a noun. */
function phrase(random: Random): { english: string; invented: string } {
  const [noun, word, gender] = one(NOUNS, random);
  const definite = random.uniform() < 0.5;
  const article = ARTICLES[gender][definite ? 0 : 1];
  const [adjective, stem] = random.uniform() < 0.6 ? one(ADJECTIVES, random) : ['', ''];
  const described = adjective === '' ? noun : `${adjective} ${noun}`;
  const determiner = definite ? 'the' : /^[aeiou]/.test(described) ? 'an' : 'a';
  const ending = gender === 0 ? 'e' : 'u';
  return {
    english: `${determiner} ${described}`,
    invented: adjective === '' ? `${article} ${word}` : `${article} ${word} ${stem}${ending}`,
  };
}

function one<T>(choices: readonly T[], random: Random): T {
  return choices[random.integer(choices.length)]!;
}
