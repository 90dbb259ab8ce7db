import type { DataReference, DataSource, Split, SplitName } from '@onnx-forge/train';
import { expect } from 'chai';

/** Forty images of a user, 6 x 4 in grey, in two classes: what every source must give back. */
export const COUNT = 40;
export const [HEIGHT, WIDTH] = [4, 6];
/** In the order of their numbers. */
export const CLASSES = ['0', '1'];

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

/** A source with data that it must read. */
export interface SourceSubject {
  readonly source: DataSource;
  /** Writes the forty images below `folder`; gives the path. A changed one differs in one pixel of one image. */
  write(folder: string, changes?: { readonly pixel?: number }): Promise<string>;
  /** An empty folder. */
  readonly folder: string;
}

const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];

function examples(split: Split): { levels: number[]; label: number }[] {
  return Array.from({ length: split.size }, (_, index) => {
    const x = new Float32Array(HEIGHT * WIDTH);
    const label = new Int32Array(1);
    split.fields.x!.read(index, x, 0);
    split.fields.label!.read(index, label, 0);
    return { levels: Array.from(x, (level) => 255 * level), label: label[0]! };
  });
}

/** Checks of any source of images. */
export const IMAGE_SOURCE_CHECKS: Readonly<Record<string, (subject: SourceSubject) => Promise<void>>> = {
  'recognises what it reads, and not a folder without anything': async ({ source, write, folder }) => {
    expect(await source.recognises(folder)).to.equal(false);
    expect(await source.recognises(await write(folder))).to.equal(true);
  },

  'gives every example once, unchanged, with its class': async (subject) => {
    const { splits } = await open(subject);
    const all = SPLITS.flatMap((split) => examples(splits[split]));
    expect(all).to.have.length(COUNT);
    expect(new Set(all.map(({ levels }) => Math.round(levels[0]!))).size).to.equal(COUNT);
    for (const { levels, label } of all) {
      const index = Math.round(levels[0]!);
      expect(label).to.equal(classOf(index));
      levelsOf(index).forEach((level, i) => {
        expect(levels[i]).to.be.closeTo(level, 1e-4);
      });
    }
  },

  'declares shapes, classes and how many there are': async (subject) => {
    const { splits, vocabularies, found, files } = await open(subject);
    for (const split of SPLITS) {
      expect(splits[split].fields.x).to.deep.include({ shape: [HEIGHT, WIDTH, 1], dtype: 'float32', finite: true });
      expect(splits[split].fields.label).to.deep.include({ shape: [], dtype: 'int32', below: CLASSES.length });
    }
    expect(vocabularies).to.deep.equal({ label: CLASSES });
    expect(found).to.equal('40 images of 2 classes, 6 x 4, grey (32 train, 4 validation, 4 test)');
    expect(files).to.have.length(1);
  },

  'has every class in every split': async (subject) => {
    const { splits } = await open(subject);
    for (const split of SPLITS) {
      expect(new Set(examples(splits[split]).map(({ label }) => label)), split).to.deep.equal(new Set([0, 1]));
    }
  },

  'gives the same splits and hash each time, and another hash for other content': async (subject) => {
    const [one, two] = [await open(subject), await open(subject)];
    expect(one.files).to.deep.equal(two.files);
    for (const split of SPLITS) expect(examples(one.splits[split])).to.deep.equal(examples(two.splits[split]));
    const path = await subject.write(subject.folder, { pixel: 5 });
    const { files } = await subject.source.open({ format: subject.source.format, path });
    expect(files[0]!.sha256).to.not.equal(one.files[0]!.sha256);
  },

  'resizes when it is asked to, and refuses what it does not know': async (subject) => {
    const { splits, found } = await open(subject, { resize: '3x2' });
    expect(splits.test.fields.x!.shape).to.deep.equal([2, 3, 1]);
    expect(found).to.include('3 x 2, grey');
    for (const [options, word] of [
      [{ resize: 'large' }, /resize must be WIDTHxHEIGHT.*'large'/],
      [{ columns: 'a' }, /no option 'columns'; options: resize, grey/],
    ] as const) {
      const failure = await open(subject, options).catch((error: Error) => error);
      expect(failure).to.be.instanceOf(Error).with.property('message').that.matches(word);
    }
  },
};

async function open({ source, write, folder }: SourceSubject, options?: DataReference['options']) {
  return source.open({ format: source.format, path: await write(folder), ...(options && { options }) });
}

/** Text of example `index`: with what CSV must quote. */
export function textOf(index: number): string {
  return `number ${index}, said "twice"\\n`;
}

/** Checks of any source of texts with classes; the subject writes {@link textOf} and {@link classOf}. */
export const TABLE_SOURCE_CHECKS: Readonly<Record<string, (subject: SourceSubject) => Promise<void>>> = {
  'recognises what it reads, and not a folder without anything':
    IMAGE_SOURCE_CHECKS['recognises what it reads, and not a folder without anything']!,

  'gives every text once, unchanged, with its class, in splits that are the same each time': async (subject) => {
    const [one, two] = [await open(subject), await open(subject)];
    const told = ({ splits }: typeof one) =>
      SPLITS.map((split) =>
        splits[split].texts!.text!.map((text, index) => {
          const label = new Int32Array(1);
          splits[split].fields.label!.read(index, label, 0);
          return { text, label: label[0]! };
        }),
      );
    expect(told(one)).to.deep.equal(told(two));
    expect(told(one).map(({ length }) => length)).to.deep.equal([32, 4, 4]);
    const all = Array.from({ length: COUNT }, (_, index) => ({ text: textOf(index), label: classOf(index) }));
    expect(told(one).flat()).to.have.deep.members(all);
    for (const split of told(one)) expect(new Set(split.map(({ label }) => label))).to.deep.equal(new Set([0, 1]));
    expect(one.vocabularies).to.deep.equal({ label: CLASSES });
    expect(one.found).to.equal('40 texts of 2 classes (32 train, 4 validation, 4 test)');
  },

  'takes the columns that it is told, and names those that are not there': async (subject) => {
    const swapped = await open(subject, { columns: 'text=label,label=text' }).catch((error: Error) => error);
    expect(swapped).to.be.instanceOf(Error); // one text, forty classes
    const plain = await open(subject, { columns: 'source=text,target=label' });
    expect(plain.found).to.match(/^40 pairs of sentences \(/);
    expect(plain.splits.train.texts).to.have.keys('source', 'target');
    for (const [columns, message] of [
      ['text=review', /has no column 'review' for the text; columns: text, label\. --columns text=\.\.\./],
      ['body=text', /columns are given as text=.*, not 'body=text'/],
      ['source=text', /columns are text and perhaps label, or source and target/],
    ] as const) {
      const failure = await open(subject, { columns }).catch((error: Error) => error);
      expect(failure).to.be.instanceOf(Error).with.property('message').that.matches(message);
    }
    const resized = await open(subject, { resize: '2x2' }).catch((error: Error) => error);
    expect(resized)
      .to.be.instanceOf(Error)
      .with.property('message')
      .that.matches(/no option 'resize'/);
  },
};
