import assert from 'node:assert/strict';
import { type DataReference, SPLIT_NAMES, type Split, type Splits } from '../data/data-set.js';
import type { DataSource, OpenedData } from '../data/sources/source.js';

/** Images of the small set that every source of images must give back, 6 x 4 in grey, in two classes. */
export const COUNT = 40;
export const HEIGHT = 4;
export const WIDTH = 6;
/** In the order of their numbers. */
export const CLASSES: readonly string[] = ['0', '1'];

/** Grey levels of image `index`, [HEIGHT, WIDTH]; the first is its number, the second tells its class. */
export function levelsOf(index: number): Uint8Array {
  const levels = Uint8Array.from({ length: HEIGHT * WIDTH }, (_, i) => (37 * index + 11 * i) % 256);
  levels[0] = index;
  levels[1] = 100 * classOf(index);
  return levels;
}

export function classOf(index: number): number {
  return index % 4 === 0 ? 1 : 0;
}

/** Text of example `index`: with what CSV must quote. */
export function textOf(index: number): string {
  return `number ${index}, said "twice"\\n`;
}

/** How the set that a subject writes differs from {@link COUNT} examples. */
export interface SourceChanges {
  /** This pixel of the last image is another, and there is one text more. */
  readonly pixel?: number;
  /** So many examples, at most 100: the first ones are the same. */
  readonly count?: number;
}

/** A source with data that it must read. */
export interface SourceSubject {
  readonly source: DataSource;
  /** Writes {@link levelsOf} or {@link textOf} of each example, with {@link classOf}, below `folder`; gives the path. */
  write(folder: string, changes?: SourceChanges): Promise<string>;
  /** An empty folder. */
  readonly folder: string;
}

/** Checks by what they say; each rejects with an AssertionError where a source does not do so. */
export type SourceChecks = Readonly<Record<string, (subject: SourceSubject) => Promise<void>>>;

interface ImageExample {
  readonly levels: readonly number[];
  readonly label: number;
}

function imagesOf({ size, fields }: Split): ImageExample[] {
  return Array.from({ length: size }, (_, index) => {
    const x = new Float32Array(HEIGHT * WIDTH);
    const label = new Int32Array(1);
    fields.x!.read(index, x, 0);
    fields.label!.read(index, label, 0);
    return { levels: Array.from(x, (level) => 255 * level), label: label[0]! };
  });
}

function textsOf({ texts, fields }: Split): { text: string; label: number }[] {
  return texts!.text!.map((text, index) => {
    const label = new Int32Array(1);
    fields.label!.read(index, label, 0);
    return { text, label: label[0]! };
  });
}

/** The split of each example, by its number. */
function placesOf(splits: Splits, numbers: (split: Split) => readonly number[]): Map<number, string> {
  return new Map(SPLIT_NAMES.flatMap((name) => numbers(splits[name]).map((number) => [number, name] as const)));
}

const numbersOfImages = (split: Split) => imagesOf(split).map(({ levels }) => Math.round(levels[0]!));
const numbersOfTexts = (split: Split) => textsOf(split).map(({ text }) => Number(/\d+/.exec(text)![0]));

async function open(
  { source, write, folder }: SourceSubject,
  options?: DataReference['options'],
  changes?: SourceChanges,
) {
  return source.open({ format: source.format, path: await write(folder, changes), ...(options && { options }) });
}

async function refuses(opening: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await opening.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Error, `it was to be refused with ${message}`);
  assert.match(error.message, message);
  assert.doesNotMatch(error.message, /\n/);
}

function requireFound({ found, files }: OpenedData): void {
  assert.match(found, new RegExp(`\\b${COUNT}\\b`));
  assert.doesNotMatch(found, /\n/);
  assert.equal(files.length, 1);
  assert.match(files[0]!.sha256, /^[0-9a-f]{64}$/);
}

const recognises: SourceChecks[string] = async ({ source, write, folder }) => {
  assert.equal(await source.recognises(folder), false);
  assert.equal(await source.recognises(await write(folder)), true);
};

const stopsWhenAborted: SourceChecks[string] = async ({ source, write, folder }) => {
  const reason = new Error('enough');
  const signal = AbortSignal.abort(reason);
  const path = await write(folder);
  await assert.rejects(source.open({ format: source.format, path }, { signal }), reason);
};

const addedMoveNone =
  (numbers: (split: Split) => readonly number[]): SourceChecks[string] =>
  async (subject) => {
    const before = placesOf((await open(subject)).splits, numbers);
    const after = placesOf((await open(subject, undefined, { count: 80 })).splits, numbers);
    assert.equal(after.size, 80);
    for (const [number, split] of before) assert.equal(after.get(number), split, `example ${number}`);
  };

/** Checks of a source of images. */
export const IMAGE_SOURCE_CHECKS: SourceChecks = {
  'recognises what it reads, and not a folder without anything': recognises,

  'gives every example once, unchanged, with its class': async (subject) => {
    const { splits } = await open(subject);
    const all = SPLIT_NAMES.flatMap((split) => imagesOf(splits[split]));
    assert.deepEqual(
      all.map(({ levels }) => Math.round(levels[0]!)).sort((a, b) => a - b),
      Array.from({ length: COUNT }, (_, index) => index),
    );
    for (const { levels, label } of all) {
      const index = Math.round(levels[0]!);
      assert.equal(label, classOf(index));
      for (const [i, level] of levelsOf(index).entries()) assert.ok(Math.abs(levels[i]! - level) < 1e-4);
    }
  },

  'declares shapes, classes and how many there are': async (subject) => {
    const opened = await open(subject);
    for (const split of SPLIT_NAMES) {
      const { x, label } = opened.splits[split].fields;
      assert.deepEqual([x!.shape, x!.dtype, x!.finite], [[HEIGHT, WIDTH, 1], 'float32', true]);
      assert.deepEqual([label!.shape, label!.dtype, label!.below], [[], 'int32', CLASSES.length]);
    }
    assert.deepEqual(opened.vocabularies, { label: CLASSES });
    requireFound(opened);
  },

  'has every class in training, and examples in every split': async (subject) => {
    const { splits } = await open(subject);
    assert.deepEqual(new Set(imagesOf(splits.train).map(({ label }) => label)), new Set([0, 1]));
    for (const split of SPLIT_NAMES) assert.ok(splits[split].size > 0, split);
  },

  'gives the same splits and hash each time, and another hash for other content': async (subject) => {
    const [one, two] = [await open(subject), await open(subject)];
    assert.deepEqual(one.files, two.files);
    for (const split of SPLIT_NAMES) assert.deepEqual(imagesOf(one.splits[split]), imagesOf(two.splits[split]));
    const { files } = await open(subject, undefined, { pixel: 5 });
    assert.notEqual(files[0]!.sha256, one.files[0]!.sha256);
  },

  'leaves every example in its split when others are added': addedMoveNone(numbersOfImages),

  'splits in the fractions that it is told': async (subject) => {
    const { splits } = await open(subject, { split: 'train=.4,validation=.3,test=.3' }, { count: 100 });
    // Of 100 draws with probability .4, fewer than 20 or more than 60 are as good as impossible.
    assert.ok(splits.train.size >= 20 && splits.train.size <= 60, `${splits.train.size} of 100 train`);
    await refuses(open(subject, { split: 'train=.8' }), /split must be fractions that add up to 1/);
    const exact = await open(subject, { split: 'exact' }, { count: 100 });
    assert.deepEqual(
      SPLIT_NAMES.map((split) => exact.splits[split].size),
      [80, 10, 10],
    );
  },

  'resizes when it is asked to, and refuses what it does not know': async (subject) => {
    const { splits } = await open(subject, { resize: '3x2' });
    assert.deepEqual(splits.test.fields.x!.shape, [2, 3, 1]);
    await refuses(open(subject, { resize: 'large' }), /resize must be WIDTHxHEIGHT.*'large'/);
    await refuses(open(subject, { sizes: 'a' }), /no option 'sizes'/);
    await refuses(open(subject, { group: 'nothing' }), /'nothing'/);
  },

  'reads no further once the signal is aborted': stopsWhenAborted,
};

/** Checks of a source of texts with classes. */
export const TEXT_SOURCE_CHECKS: SourceChecks = {
  'recognises what it reads, and not a folder without anything': recognises,

  'gives every text once, unchanged, with its class, in splits that are the same each time': async (subject) => {
    const [one, two] = [await open(subject), await open(subject)];
    const all = SPLIT_NAMES.flatMap((split) => textsOf(one.splits[split]));
    assert.deepEqual(
      all,
      SPLIT_NAMES.flatMap((split) => textsOf(two.splits[split])),
    );
    const sorted = [...all].sort((a, b) => Number(/\d+/.exec(a.text)![0]) - Number(/\d+/.exec(b.text)![0]));
    assert.deepEqual(
      sorted,
      Array.from({ length: COUNT }, (_, index) => ({ text: textOf(index), label: classOf(index) })),
    );
    assert.deepEqual(one.vocabularies, { label: CLASSES });
    requireFound(one);
  },

  'leaves every text in its split when others are added': addedMoveNone(numbersOfTexts),

  'keeps a group in one split, and names the columns where there is no such': async (subject) => {
    const { splits } = await open(subject, { group: 'text' });
    assert.equal(placesOf(splits, numbersOfTexts).size, COUNT);
    await refuses(open(subject, { group: 'author' }), /no column 'author' to group by; columns: text, label/);
  },

  'takes the columns that it is told, and names those that are not there': async (subject) => {
    await refuses(open(subject, { columns: 'text=label,label=text' }), /./); // One text, forty classes.
    const plain = await open(subject, { columns: 'source=text,target=label' });
    assert.deepEqual(Object.keys(plain.splits.train.texts!).sort(), ['source', 'target']);
    await refuses(
      open(subject, { columns: 'text=review' }),
      /has no column 'review' for the text; columns: text, label\. --columns text=\.\.\./,
    );
    await refuses(open(subject, { columns: 'body=text' }), /columns are given as text=.*, not 'body=text'/);
    await refuses(
      open(subject, { columns: 'source=text' }),
      /columns are text and perhaps label, or source and target/,
    );
    await refuses(open(subject, { resize: '2x2' }), /no option 'resize'/);
  },

  'reads no further once the signal is aborted': stopsWhenAborted,
};
