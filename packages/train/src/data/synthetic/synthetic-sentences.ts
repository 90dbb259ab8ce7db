import { Random } from '@onnx-forge/infer';
import { SPLIT_NAMES, type Split, type Splits } from '../data-set.js';
import type { DataSetDescription } from '../description.js';
import { labelField } from '../fields.js';

const PRAISE =
  `good funny moving clever charming gripping fresh warm brilliant delightful honest witty graceful rich tender
  sharp lively touching superb inventive elegant tense vivid gentle thrilling wise playful radiant sincere stunning daring
  polished lovely hilarious hypnotic magical tasteful absorbing soulful buoyant`.split(/\s+/);
const BLAME =
  `bad dull tedious stale clumsy boring shallow flat lifeless silly lazy muddled dreary hollow weak bland noisy
  pointless awkward tired cheap messy predictable painful grating sloppy stiff vapid murky endless forced ugly trite
  soulless bloated limp tasteless inept sluggish dismal`.split(/\s+/);
const NOUNS =
  `film story plot script cast acting dialogue camera music ending humour direction hero villain romance pace
  mood sequel idea message opening style chase mystery twist`.split(/\s+/);
const VERBS = ['is', 'feels', 'looks', 'seems', 'stays', 'remains', 'turns out'];
const NEGATORS = ['not', 'never', 'hardly', 'far from', 'anything but'];
const DEGREES = ['very', 'quite', 'so', 'truly', 'rather', 'really'];
const OPENINGS = ['in the end ,', 'for two hours', 'as a whole', 'this time', 'sadly or not ,', 'to my surprise ,'];

/**
 * Sentences about films, made by a grammar: text, label 0 (negative) or 1 (positive), as many of each. What decides may be
 * turned round by a word before it (`not very dull`), and of two clauses only one counts (`although A , B`, `A , but B`),
 * so that counting words is not enough. A stand-in where nothing can be downloaded; its numbers compare with no other's.
 */
export const syntheticSentences: DataSetDescription = {
  name: 'synthetic-sentences',
  title: 'sentences of a small grammar, positive or negative',
  task: 'sentences, 2 classes; embedded stand-in for sst2 and mr',
  source: 'onnx-forge',
  terms: 'Apache-2.0, as onnx-forge',
  sizes: { train: 12_000, validation: 1_000, test: 1_000 },
  folder: '',
  files: [],
  async load({ seed }) {
    const random = new Random(seed).fork('synthetic-sentences');
    const entries = SPLIT_NAMES.map((name) => [
      name,
      writeSentences(syntheticSentences.sizes[name], random.fork(name)),
    ]);
    return Object.fromEntries(entries) as Splits;
  },
};

/** `size` sentences in random order, half of them positive. */
function writeSentences(size: number, random: Random): Split {
  const labels = Uint8Array.from(random.permutation(size), (rank) => rank % 2);
  const text = Array.from(labels, (label) => sentence(label === 1, random));
  return { size, fields: { label: labelField(labels) }, texts: { text } };
}

function sentence(positive: boolean, random: Random): string {
  const kind = random.uniform();
  if (kind < 0.1) return mood(positive, random);
  const opening = random.uniform() < 0.3 ? [one(OPENINGS, random)] : [];
  const decisive = clause(positive, random);
  const other = clause(random.uniform() < 0.5, random);
  if (kind < 0.5) return [...opening, decisive, '.'].join(' ');
  if (kind < 0.75) return [...opening, other, ', but', decisive, '.'].join(' ');
  return ['although', other, ',', decisive, '.'].join(' ');
}

/** `the plot of the film is not very dull`. */
function clause(positive: boolean, random: Random): string {
  const owner = random.uniform() < 0.3 ? ` of the ${one(NOUNS, random)}` : '';
  return `the ${one(NOUNS, random)}${owner} ${one(VERBS, random)} ${mood(positive, random)}`;
}

/** `dull`, `very dull`, `not dull`, `not very dull`. */
function mood(positive: boolean, random: Random): string {
  const turned = random.uniform() < 0.35;
  const degree = random.uniform() < 0.4 ? [one(DEGREES, random)] : [];
  const adjective = rareOne(positive === turned ? BLAME : PRAISE, random);
  return [...(turned ? [one(NEGATORS, random)] : []), ...degree, adjective].join(' ');
}

function one(choices: readonly string[], random: Random): string {
  return choices[random.integer(choices.length)]!;
}

/** The later in the list, the rarer, as words are. */
function rareOne(choices: readonly string[], random: Random): string {
  return choices[Math.floor(random.uniform() ** 2 * choices.length)]!;
}
