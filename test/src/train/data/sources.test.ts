import { copyFile, mkdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { binarise, DataError, type DataSet, FormatError, TrainError } from '@onnx-forge/train';
import {
  CLASSES,
  COUNT,
  classOf,
  HEIGHT,
  IMAGE_SOURCE_CHECKS,
  levelsOf,
  type SourceChanges,
  type SourceSubject,
  TEXT_SOURCE_CHECKS,
  textOf,
  WIDTH,
} from '@onnx-forge/train/conformance';
import {
  DATA_SOURCES,
  openDataSet,
  openReference,
  parseNpy,
  parseNpz,
  referTo,
  type SplitName,
  summariseData,
} from '@onnx-forge/train/data';
import { prepareInputs, recipeData } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { tinyRecipe } from '../tiny.js';
import { npyBytes } from './npy-bytes.js';
import { failure, temporaryFolder } from './support.js';
import { archive, entry } from './tar-bytes.js';

/** A PNG of grey levels, or of [red, green, blue] levels. */
function png(levels: ArrayLike<number>, width: number, height: number, channels: 1 | 3 = 1): Buffer {
  const image = new PNG({ width, height });
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      image.data[4 * pixel + channel] = levels[channels === 1 ? pixel : 3 * pixel + channel]!;
    }
    image.data[4 * pixel + 3] = 255;
  }
  return PNG.sync.write(image, { colorType: channels === 1 ? 0 : 2 });
}

/** The images, one pixel of the last one changed if that is wanted. */
function imagesWith({ pixel, count = COUNT }: SourceChanges = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const levels = levelsOf(index);
    if (pixel !== undefined && index === count - 1) levels[pixel]! ^= 1;
    return levels;
  });
}

const stacked = (images: readonly Uint8Array[]) =>
  npyBytes('|u1', [images.length, HEIGHT, WIDTH], Buffer.concat(images));

const classes = ({ count = COUNT }: SourceChanges = {}) =>
  npyBytes(
    '<i8',
    [count],
    BigInt64Array.from({ length: count }, (_, i) => BigInt(classOf(i))),
  );

const pngs = (changes?: SourceChanges) =>
  imagesWith(changes).map((levels, index) => ({
    path: `${CLASSES[classOf(index)]}/${index}.png`,
    bytes: png(levels, WIDTH, HEIGHT),
  }));

/** Texts of a row each, below a header if there is one. */
async function table(
  folder: string,
  format: string,
  { pixel, count = COUNT }: SourceChanges = {},
  row: (text: string, label: number) => string,
  ...header: string[]
): Promise<string> {
  const path = join(folder, `arrays.${format}`);
  const rows = Array.from({ length: count }, (_, index) => row(textOf(index), classOf(index)));
  if (pixel !== undefined) rows.push(row('one more', 0));
  await writeFile(path, `\ufeff${[...header, ...rows].join('\r\n')}\r\n`);
  return path;
}

const checksOf = (format: string) => {
  // The sets of parquet are files that PyArrow wrote.
  if (format === 'text' || format === 'parquet') return {};
  return ['csv', 'tsv', 'jsonl'].includes(format) ? TEXT_SOURCE_CHECKS : IMAGE_SOURCE_CHECKS;
};

const PARQUET = fileURLToPath(new URL('../../../fixtures/parquet/', import.meta.url));

const WRITERS: Readonly<Record<string, SourceSubject['write']>> = {
  async 'image-folder'(folder, changes) {
    const path = join(folder, 'pictures');
    for (const image of pngs(changes)) {
      await mkdir(dirname(join(path, image.path)), { recursive: true });
      await writeFile(join(path, image.path), image.bytes);
    }
    return path;
  },
  async archive(folder, changes) {
    const path = join(folder, 'arrays.tgz');
    const entries = pngs(changes).map((image) => entry(`pictures/${image.path}`, image.bytes));
    await writeFile(path, gzipSync(archive(...entries)));
    return path;
  },
  async npy(folder, changes) {
    const path = join(folder, 'arrays');
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'images.npy'), stacked(imagesWith(changes)));
    await writeFile(join(path, 'labels.npy'), classes(changes));
    return path;
  },
  async csv(folder, changes) {
    return table(folder, 'csv', changes, (text, label) => `"${text.replaceAll('"', '""')}",${label}`, 'text,label');
  },
  async tsv(folder, changes) {
    return table(folder, 'tsv', changes, (text, label) => `"${text.replaceAll('"', '""')}"\t${label}`, 'text\tlabel');
  },
  async jsonl(folder, changes) {
    return table(folder, 'jsonl', changes, (text, label) => JSON.stringify({ text, label }));
  },
  async text(folder, { pixel } = {}) {
    const path = join(folder, 'arrays.txt');
    await writeFile(path, `${'a line of text\n'.repeat(20)}${pixel ?? ''}`);
    return path;
  },
  async parquet(folder, { pixel } = {}) {
    const path = join(folder, 'arrays.parquet');
    await copyFile(join(PARQUET, `images-${pixel === undefined ? 'snappy' : 'gzip'}.parquet`), path);
    return path;
  },
  async npz(folder, changes) {
    const path = join(folder, 'arrays.npz');
    await writeFile(path, zipSync({ 'images.npy': stacked(imagesWith(changes)), 'labels.npy': classes(changes) }));
    return path;
  },
};

const SPLITS = ['train', 'validation', 'test'] as const;

const open = async (path: string, options?: Parameters<typeof referTo>[1]): Promise<DataSet> =>
  openReference(await referTo(path, options));

const levels = ({ splits }: DataSet, split: SplitName = 'train'): number[][] => {
  const { size, fields } = splits[split];
  return Array.from({ length: size }, (_, index) => {
    const x = new Float32Array(fields.x!.shape.reduce((product, length) => product * length, 1));
    fields.x!.read(index, x, 0);
    return Array.from(x);
  });
};

describe("a user's own data", () => {
  const folder = temporaryFolder();

  it('every source is checked', () => {
    expect(DATA_SOURCES.map(({ format }) => format)).to.have.members(Object.keys(WRITERS));
  });

  for (const source of DATA_SOURCES) {
    describe(source.format, () => {
      for (const [says, check] of Object.entries(checksOf(source.format))) {
        it(says, () => check({ source, write: WRITERS[source.format]!, folder: folder.path }));
      }

      it('is the source that its path is opened with, by its absolute path', async () => {
        const path = await WRITERS[source.format]!(folder.path);
        const { name, reference, embedded } = await openDataSet(path);
        expect([name, embedded]).to.deep.equal([source.format === 'image-folder' ? 'pictures' : 'arrays', false]);
        expect(reference).to.include({ format: source.format, path });
        expect(reference!.sha256).to.match(/^[0-9a-f]{64}$/);
      });

      it('is refused when its content is no longer that of the reference, or when it is gone', async () => {
        const { reference } = await open(await WRITERS[source.format]!(folder.path));
        const { path } = reference!;
        await WRITERS[source.format]!(folder.path, { pixel: 7 });
        const changed = await failure(DataError, () => openReference(reference!));
        expect(changed).to.include({ code: 'data-changed' });
        expect(changed.message).to.include(path).and.to.include('have changed').and.to.include('--data');
        await rm(path, { recursive: true });
        const gone = await failure(DataError, () => openReference(reference!));
        expect(gone).to.include({ code: 'data-missing' });
        expect(gone.message).to.include(path).and.to.include('--data');
      });
    });
  }

  it('a known name is that data set, whatever lies beside it; a path to nothing is refused', async () => {
    expect((await openDataSet('synthetic-shapes')).reference).to.equal(undefined);
    const missing = await failure(DataError, () => openDataSet(join(folder.path, 'none')));
    expect(missing.message).to.equal(`there is no file or folder ${join(folder.path, 'none')}`);
    const unknown = await failure(DataError, () => openDataSet('nonesuch'));
    expect(unknown.code).to.equal('data-unknown');
    await writeFile(join(folder.path, 'notes.doc'), 'x');
    const strange = await failure(DataError, () => openDataSet(join(folder.path, 'notes.doc')));
    expect(strange.message).to.match(/notes\.doc is no data of a known form; known: .*a folder of PNG/);
  });

  it('a folder whose name says that it is binary is not believed', async () => {
    const path = `${await WRITERS['image-folder']!(folder.path)}+threshold`;
    await rename(path.replace('+threshold', ''), path);
    const data = await open(path);
    expect(data.name).to.equal('pictures-threshold');
    const values = new Set(levels(binarise(data, 'threshold', 0)).flat());
    expect(values).to.deep.equal(new Set([0, 1]));
  });

  describe('splits', () => {
    it('depend on the content, not on names', async () => {
      const path = await WRITERS['image-folder']!(folder.path);
      const before = levels(await open(path), 'test');
      for (let index = 0; index < COUNT; index++) {
        const of = join(path, CLASSES[classOf(index)]!);
        await rename(join(of, `${index}.png`), join(of, `renamed-${(index * 7) % COUNT}.png`));
      }
      expect(levels(await open(path), 'test')).to.have.deep.members(before);
    });

    it('of references that were recorded before there were two rules are as they were', async () => {
      const path = join(folder.path, 'before.csv');
      const rows = Array.from({ length: 30 }, (_, i) => `text ${i},${i % 3}`);
      await writeFile(path, ['text,label', ...rows].join('\n'));
      const numbers = ({ splits }: DataSet) =>
        SPLITS.map((split) => splits[split].texts!.text!.map((text) => Number(text.slice(5))));
      const now = await open(path);
      expect(now.reference).to.include({ splitRule: 'hash-1' });
      const { splitRule: _, ...recorded } = now.reference!;
      // As onnx-forge split this file when it recorded no rule.
      const before = await openReference(recorded);
      expect(numbers(before)).to.deep.equal([
        [0, 1, 2, 4, 5, 6, 7, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 28, 29],
        [3, 10, 11],
        [8, 22, 27],
      ]);
      expect(before.reference).to.not.have.property('splitRule');
      expect(numbers(now)).to.not.deep.equal(numbers(before));
      const later = await failure(DataError, () => openReference({ ...recorded, splitRule: 'hash-9' }));
      expect(later.message).to.match(/there is no rule 'hash-9' of splitting; known: tenths, hash-1/);
    });

    it('of a cross-validation: each example is tested in one fold, classes are even, equal examples and groups stay together', async () => {
      const path = join(folder.path, 'folds.csv');
      // 40 different texts of class 0 and 20 of class 1, each twice; ten documents.
      const rows = Array.from({ length: 120 }, (_, i) => `text ${i % 60},${Number(i % 60 >= 40)},doc ${i % 10}`);
      await writeFile(path, ['text,label,document', ...rows].join('\n'));
      const textsOf = ({ splits }: DataSet) => SPLITS.map((split) => splits[split].texts!.text!);
      const folds = await Promise.all([0, 1, 2, 3].map((fold) => open(path, { split: `fold=${fold}/4` })));
      const tested = folds.flatMap((data) => textsOf(data)[2]!);
      expect(tested).to.have.length(120);
      expect(new Set(tested).size).to.equal(60);
      for (const [fold, data] of folds.entries()) {
        const [train, validation, test] = textsOf(data) as [string[], string[], string[]];
        expect([train.length, validation.length, test.length]).to.deep.equal([60, 30, 30]);
        expect(new Set(validation)).to.deep.equal(new Set(textsOf(folds[(fold + 1) % 4]!)[2]));
        expect(test.filter((text) => train.includes(text) || validation.includes(text))).to.deep.equal([]);
        expect(test.filter((text) => Number(text.slice(5)) >= 40)).to.have.length(10);
        expect(data.reference!.options).to.deep.equal({ split: `fold=${fold}/4` });
      }
      const grouped = await Promise.all(
        [0, 1, 2, 3, 4].map((fold) => open(path, { split: `fold=${fold}/5`, group: 'document' })),
      );
      const documents = grouped.map((data) => new Set(textsOf(data)[2]!.map((text) => Number(text.slice(5)) % 10)));
      expect(documents.map(({ size }) => size)).to.deep.equal([2, 2, 2, 2, 2]);
      expect(new Set(documents.flatMap((set) => [...set])).size).to.equal(10);
      for (const wrong of ['fold=4/4', 'fold=0/2', 'fold=0/101', 'fold=1', 'fold=-1/5']) {
        const { message } = await failure(DataError, () => open(path, { split: wrong }));
        expect(message).to.include(`not '${wrong}'`).and.to.include('fold=0/5 to fold=4/5 (of 3 to 100)');
      }
      const text = join(folder.path, 'text.txt');
      await writeFile(text, 'abc\n'.repeat(50));
      const none = await failure(DataError, () => open(text, { split: 'fold=0/5' }));
      expect(none.message).to.match(/a text is split by position: it has no folds/);
    });

    it('of groups: no person, and no document, is in two', async () => {
      const people = join(folder.path, 'people');
      for (let index = 0; index < 60; index++) {
        const of = join(people, `person ${index % 12}`);
        await mkdir(of, { recursive: true });
        await writeFile(join(of, `${index}.png`), png(levelsOf(index), WIDTH, HEIGHT));
      }
      const data = await open(people, { group: 'folder' });
      const persons = SPLITS.map(
        (split) => new Set(levels(data, split).map(([first]) => Math.round(255 * first!) % 12)),
      );
      expect(persons.reduce((sum, { size }) => sum + size, 0)).to.equal(12);
      expect(data.found).to.match(/no folder in two of them\)$/);

      const path = join(folder.path, 'documents.jsonl');
      const rows = Array.from({ length: 90 }, (_, i) => JSON.stringify({ text: `line ${i}`, document: `d${i % 9}` }));
      await writeFile(path, rows.join('\n'));
      const { splits } = await open(path, { group: 'document' });
      const documents = SPLITS.map(
        (split) => new Set(splits[split].texts!.text!.map((text) => Number(text.slice(5)) % 9)),
      );
      expect(documents.reduce((sum, { size }) => sum + size, 0)).to.equal(9);
      const flat = await failure(DataError, () => open(path, { group: 'document', split: 'exact' }));
      expect(flat.message).to.match(/'exact' splits know no groups/);
    });

    it('are a column where there is such', async () => {
      const path = join(folder.path, 'told.csv');
      const rows = Array.from({ length: 30 }, (_, i) => `text ${i},${['train', 'test', 'validation'][i % 3]}`);
      await writeFile(path, ['text,part', ...rows].join('\n'));
      const { splits } = await open(path, { columns: 'text=text,split=part' });
      expect(splits.test.texts!.text).to.deep.equal(Array.from({ length: 10 }, (_, i) => `text ${1 + 3 * i}`));
      await writeFile(path, ['text,part', ...rows, 'more,extra'].join('\n'));
      const wrong = await failure(DataError, () => open(path, { columns: 'text=text,split=part' }));
      expect(wrong.message).to.match(
        /told\.csv: line 32 has 'extra' in the column 'part'; wanted: train, validation, test/,
      );
    });

    it('keep equal images together', async () => {
      for (let index = 0; index < 30; index++) {
        await writeFile(join(folder.path, `${index}.png`), png(levelsOf(index % 15), WIDTH, HEIGHT));
      }
      const data = await open(folder.path);
      expect(data.found).to.match(/^30 images \(15 different\), 6 x 4, grey/);
      const sets = SPLITS.map((split) => new Set(levels(data, split).map((image) => `${image}`)));
      expect(sets.reduce((sum, { size }) => sum + size, 0)).to.equal(15);
    });

    it('of fewer than ten different images are refused', async () => {
      for (let index = 0; index < 9; index++) {
        await writeFile(join(folder.path, `${index}.png`), png(levelsOf(index), WIDTH, HEIGHT));
      }
      const error = await failure(DataError, () => open(folder.path));
      expect(error.message).to.match(/has 9 different examples: 10 at least/);
    });

    it('are folders where there are such, with classes or without', async () => {
      const parts = { train: [0, 1, 2, 4], validation: [3, 8], test: [5, 6, 12] };
      for (const [part, indices] of Object.entries(parts)) {
        for (const index of indices) {
          const of = join(folder.path, part, classOf(index) ? 'yes' : 'no');
          await mkdir(of, { recursive: true });
          await writeFile(join(of, `${index}.png`), png(levelsOf(index), WIDTH, HEIGHT));
        }
      }
      const data = await open(folder.path);
      for (const [part, indices] of Object.entries(parts)) {
        const numbers = levels(data, part as SplitName).map(([first]) => Math.round(255 * first!));
        expect(numbers, part).to.have.members(indices);
      }
      expect(summariseData(data).duplicates).to.deep.equal({ examples: 0, acrossSplits: 0 });
      await copyFile(join(folder.path, 'train/no/1.png'), join(folder.path, 'test/no/again.png'));
      await copyFile(join(folder.path, 'train/no/1.png'), join(folder.path, 'train/no/again.png'));
      expect(summariseData(await open(folder.path)).duplicates).to.deep.equal({ examples: 2, acrossSplits: 1 });
      expect(summariseData(data).classes).to.deep.equal([
        { name: 'no', train: 2, validation: 1, test: 2 },
        { name: 'yes', train: 2, validation: 1, test: 1 },
      ]);
      await rename(join(folder.path, 'validation'), join(folder.path, 'other'));
      expect((await failure(DataError, () => open(folder.path))).message).to.match(
        /has 'other' beside a folder of a split/,
      );
      await rm(join(folder.path, 'other'), { recursive: true });
      expect((await failure(DataError, () => open(folder.path))).message).to.match(/has no folder 'validation'/);
    });
  });

  describe('image folders', () => {
    const write = (name: string, bytes: Uint8Array) => writeFile(join(folder.path, name), bytes);
    const refusal = async (options?: Parameters<typeof referTo>[1]) =>
      (await failure(DataError, () => open(folder.path, options))).message;

    beforeEach(async () => {
      for (let index = 0; index < 12; index++) await write(`${10 + index}.png`, png(levelsOf(index), WIDTH, HEIGHT));
    });

    it('name the image whose size or colours differ, and what to do', async () => {
      await write('99.png', png(levelsOf(1), HEIGHT, WIDTH));
      expect(await refusal()).to.match(
        /99\.png is 4 x 6, grey, but .*10\.png is 6 x 4, grey: all images must be equal .*; --resize 6x4 stretches/,
      );
      expect((await open(folder.path, { resize: '6x4' })).found).to.match(/^13 images, 6 x 4, grey/);
      await write('99.png', png(Array(3 * WIDTH * HEIGHT).fill(9), WIDTH, HEIGHT, 3));
      expect(await refusal()).to.match(/99\.png is 6 x 4, colour, but .*: .*; --grey makes all grey/);
      expect((await open(folder.path, { grey: true })).found).to.match(/^13 images, 6 x 4, grey/);
    });

    it('give their middle, scaled but not stretched, where that is asked for', async () => {
      // Three squares of 4 x 4 beside each other, each of one level.
      const row = (levels: readonly number[]) => levels.flatMap((level) => Array<number>(4).fill(level));
      const wide = (index: number) =>
        Array<number[]>(4)
          .fill(row([10, 100 + index, 250]))
          .flat();
      const middle = async (name: string, options?: Parameters<typeof referTo>[1]) => {
        const data = await open(join(folder.path, name), options);
        return SPLITS.flatMap((split) =>
          levels(data, split).map((x) => Array.from(x, (level) => Math.round(255 * level))),
        );
      };
      for (const name of ['wide', 'tall']) await mkdir(join(folder.path, name));
      for (let index = 0; index < 12; index++) {
        const levels = wide(index);
        await write(`wide/${index}.png`, png(levels, 12, 4));
        const turned = Array.from(levels, (_, i) => levels[(i % 4) * 12 + Math.floor(i / 4)]!);
        await write(`tall/${index}.png`, png(turned, 4, 12));
      }
      for (const name of ['wide', 'tall']) {
        const whole = (side: number) => Array.from({ length: 12 }, (_, i) => Array(side * side).fill(100 + i));
        expect(await middle(name, { resize: '4x4,crop' })).to.have.deep.members(whole(4));
        // A triangle filter four pixels wide: an eighth is of the pixel beyond the square.
        const halves = Array.from({ length: 12 }, (_, i) => {
          const [low, high] = [10, 250].map((beyond) => Math.round((7 * (100 + i) + beyond) / 8));
          return name === 'wide' ? [low, high, low, high] : [low, low, high, high];
        });
        expect(await middle(name, { resize: '2x2,crop' })).to.have.deep.members(halves);
        expect((await middle(name, { resize: '4x4' })).some((levels) => new Set(levels).size > 1)).to.equal(true);
      }
      const { message } = await failure(DataError, () => open(join(folder.path, 'wide'), { resize: '4x4,cut' }));
      expect(message).to.match(/resize must be WIDTHxHEIGHT, such as 28x28, or WIDTHxHEIGHT,crop, not '4x4,cut'/);
    });

    it('name the file that is damaged or no image', async () => {
      await truncate(join(folder.path, '15.png'), 40);
      expect(await refusal()).to.match(/15\.png: .*intact PNG/);
      await rm(join(folder.path, '15.png'));
      await write('list.csv', Buffer.from('a,b'));
      expect(await refusal()).to.match(/list\.csv is no PNG, JPEG or PGM image/);
      await rename(join(folder.path, 'list.csv'), join(folder.path, '.list.csv'));
      expect((await open(folder.path)).found).to.match(/^11 images/);
      await mkdir(join(folder.path, 'more'));
      expect(await refusal()).to.match(/has both folders \('more'\) and files \('10\.png'\)/);
    });

    it('of one class, or with a class that is not in training, are refused', async () => {
      await mkdir(join(folder.path, 'all', 'cat'), { recursive: true });
      for (let index = 10; index < 22; index++) {
        await rename(join(folder.path, `${index}.png`), join(folder.path, 'all', 'cat', `${index}.png`));
      }
      const all = join(folder.path, 'all');
      expect((await failure(DataError, () => open(all))).message).to.match(/one class only, 'cat'/);
      await mkdir(join(all, 'dog'));
      expect((await failure(DataError, () => open(all))).message).to.match(/all\/dog is empty; wanted: images in it/);
    });

    it('order classes that are numbers as numbers', async () => {
      await mkdir(join(folder.path, 'all'));
      for (const [place, name] of ['10', '9', '100'].entries()) {
        await mkdir(join(folder.path, 'all', name));
        for (let i = 0; i < 4; i++) {
          await rename(join(folder.path, `${10 + 4 * place + i}.png`), join(folder.path, 'all', name, `${i}.png`));
        }
      }
      expect((await open(join(folder.path, 'all'))).vocabularies).to.deep.equal({ label: ['9', '10', '100'] });
    });

    it('in colour keep red, green and blue; grey is their luma', async () => {
      const colours = join(folder.path, 'colours');
      await mkdir(colours);
      for (let index = 0; index < 10; index++) {
        const pixels = Array.from({ length: 6 }, () => [200, 100, index]).flat();
        await writeFile(join(colours, `${index}.png`), png(pixels, 3, 2, 3));
      }
      const [first] = levels(await open(colours), 'test');
      expect(first!.slice(0, 2).map((level) => Math.round(255 * level))).to.deep.equal([200, 100]);
      const [grey] = levels(await open(colours, { grey: true }), 'test');
      // ITU-R 601: 0.299 * 200 + 0.587 * 100 + 0.114 * blue, blue being 0 to 9.
      expect(255 * grey![0]!).to.be.within(118, 120.5);
    });

    it('of one level keep it whatever their size becomes', async () => {
      const plain = join(folder.path, 'plain');
      await mkdir(plain);
      for (let index = 0; index < 10; index++) {
        await writeFile(join(plain, `${index}.png`), png(Array(35).fill(20 * index), 5, 7));
      }
      for (const resize of ['3x2', '9x11']) {
        const data = await open(plain, { resize });
        for (const image of levels(data)) expect(new Set(image).size).to.equal(1);
      }
    });
  });

  describe('arrays', () => {
    const images = async (bytes: Uint8Array, options?: Parameters<typeof referTo>[1]) => {
      const path = join(folder.path, 'mine.npy');
      await writeFile(path, bytes);
      return open(path, options);
    };
    const floats = (level: (index: number) => number) =>
      npyBytes(
        '<f4',
        [12, 2, 2],
        Float32Array.from({ length: 48 }, (_, i) => level(i)),
      );

    it('of floats are read as they are, and must lie in 0 to 1', async () => {
      const data = await images(floats((i) => i / 48));
      expect(data.found).to.include('2 x 2, grey');
      const all = SPLITS.flatMap((split) => levels(data, split).flat());
      expect(all).to.have.members(Array.from({ length: 48 }, (_, i) => Math.fround(i / 48)));
      for (const wrong of [255, -0.5, Number.NaN]) {
        const error = await failure(DataError, () => images(floats((i) => (i === 9 ? wrong : i / 48))));
        expect(error.message).to.match(/mine\.npy holds (255|-0\.5|NaN) in image 2; wanted: floats from 0/);
      }
      const resized = await images(
        floats((i) => Math.floor(i / 4) / 12),
        { resize: '1x1' },
      );
      const each = SPLITS.flatMap((split) => levels(resized, split)).map(([level]) => Math.round(12 * level!));
      expect(each).to.have.members(Array.from({ length: 12 }, (_, i) => i));
    });

    it('of 0 and 1 are black and white, not nearly black', async () => {
      const bits = Uint8Array.from({ length: 12 * 8 }, (_, i) => (Math.floor(i / 8) >> (i % 8)) & 1);
      const data = await images(npyBytes('|u1', [12, 2, 4], bits));
      expect(data.found).to.include('4 x 2, black and white');
      expect(new Set(levels(data).flat())).to.deep.equal(new Set([0, 1]));
      expect(data.splits.train.fields.x!.binary).to.equal(true);
    });

    it('of other shapes, types and orders are refused, each by its name', async () => {
      const bytes = new Uint8Array(48);
      for (const [array, message] of [
        [npyBytes('|u1', [48], bytes), /has the shape \[48\]; wanted: \[n, height, width\]/],
        [npyBytes('|u1', [6, 2, 2, 2], bytes), /has the shape \[6, 2, 2, 2\]/],
        [npyBytes('<i4', [3, 2, 2], new Int32Array(12)), /holds int32; wanted: uint8/],
        [npyBytes('<f2', [6, 2, 2], bytes), /found the type <f2/],
        [npyBytes('|u1', [12, 2, 2], bytes, true), /row order .*found column order/],
        [npyBytes('|u1', [13, 2, 2], bytes), /expected 52 bytes .*found 48/],
        [Buffer.from('no numbers'), /signature/],
      ] as const) {
        expect((await failure(DataError, () => images(array))).message).to.match(message);
      }
    });

    it('must have a label for each image, from 0', async () => {
      const path = await WRITERS.npy!(folder.path);
      const refusal = async (labels: Uint8Array) => {
        await writeFile(join(path, 'labels.npy'), labels);
        return (await failure(DataError, () => open(path))).message;
      };
      expect(await refusal(npyBytes('|u1', [2], Buffer.of(0, 1)))).to.match(
        /one label for each of the 40 images: \[40\]/,
      );
      expect(await refusal(npyBytes('<f4', [COUNT], new Float32Array(COUNT).fill(0.5)))).to.match(/holds 0\.5 at 0/);
      expect(await refusal(npyBytes('|i1', [COUNT], new Int8Array(COUNT).fill(-1)))).to.match(/holds -1 at 0/);
      const fromOne = Uint8Array.from({ length: COUNT }, (_, i) => 1 + (i % 2));
      expect(await refusal(npyBytes('|u1', [COUNT], fromOne))).to.match(
        /class '0' has no training example \(0 in all\)/,
      );
    });

    it('of NumPy itself are read: savez, savez_compressed, and version 2 of the format', () => {
      const saved = [SAVEZ, SAVEZ_COMPRESSED].map((text) => Buffer.from(text, 'base64'));
      for (const bytes of saved) {
        const { images, labels } = parseNpz({ file: 'a.npz', bytes });
        expect(images).to.deep.equal({
          dtype: 'uint8',
          shape: [2, 2, 3],
          data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
        });
        expect(labels).to.deep.equal({ dtype: 'int64', shape: [2], data: Float64Array.of(1, 0) });
      }
      const second = parseNpy({ file: 'b.npy', bytes: Buffer.from(VERSION_2, 'base64') });
      expect(second).to.deep.equal({ dtype: 'float64', shape: [1, 2], data: Float64Array.of(0.25, 1) });
    });

    it('in a damaged or strange archive are refused', async () => {
      const bytes = Buffer.from(SAVEZ_COMPRESSED, 'base64');
      await failure(FormatError, () => parseNpz({ file: 'a.npz', bytes: bytes.subarray(0, 200) }));
      const flipped = Buffer.from(SAVEZ, 'base64');
      const level = flipped.indexOf(Buffer.of(20, 40, 60));
      flipped[level] = 21;
      const wrong = await failure(FormatError, () => parseNpz({ file: 'a.npz', bytes: flipped }));
      expect(wrong.message).to.match(/checksum of images\.npy/);
      const path = join(folder.path, 'other.npz');
      await writeFile(path, zipSync({ 'x.npy': stacked(imagesWith()) }));
      expect((await failure(DataError, () => open(path))).message).to.match(/no array 'images' \(but x\)/);
    });
  });

  describe('texts', () => {
    const refusal = async (name: string, content: string) => {
      const path = join(folder.path, name);
      await writeFile(path, content);
      return (await failure(DataError, () => open(path))).message;
    };

    it('of a file are its characters in their order', async () => {
      const path = join(folder.path, 'poem.txt');
      const text = `${'abcdefghij'.repeat(9)}é😀klmnopq\n`;
      await writeFile(path, text);
      const { splits, found } = await open(path);
      const parts = SPLITS.map((split) => splits[split].texts!.character!);
      expect(parts.map(({ length }) => length)).to.deep.equal([80, 10, 10]);
      expect(parts.flat().join('')).to.equal(text);
      expect(found).to.equal('100 characters, 20 different (80 train, 10 validation, 10 test)');
      expect(await refusal('short.txt', 'ab')).to.match(/has 3 characters: too few/);
    });

    it('name the line that is wrong', async () => {
      expect(await refusal('a.csv', 'text,label\nfine,1\n,2\n')).to.match(
        /a\.csv: line 3 has no text in the column 'text'/,
      );
      expect(await refusal('b.csv', 'text,label\nfine,1\na,b,c\n')).to.match(/b\.csv: .*line 3/);
      expect(await refusal('c.csv', 'text,label\n')).to.match(/c\.csv has no rows/);
      expect(await refusal('d.jsonl', '{"text":"a"}\n{"text":\n')).to.match(/d\.jsonl: line 2 is not JSON/);
      expect(await refusal('e.jsonl', '{"text":"a"}\n7\n')).to.match(/e\.jsonl: line 2 is no object/);
      expect(await refusal('f.jsonl', '{"text":"a"}\n{"text":["b"]}\n')).to.match(/f\.jsonl: line 2 has no text/);
    });

    it('of a table without a line of names are taken by number, and the message says so', async () => {
      const path = join(folder.path, 'pairs.tsv');
      const rows = Array.from({ length: 30 }, (_, i) => `1\tgo ${i}\tva ${i}`);
      // As Windows writes it.
      await writeFile(path, `\ufeff${rows.join('\r\n')}\r\n`);
      expect((await failure(DataError, () => open(path))).message).to.match(
        /has no column 'text' .*\(of pairs: source=\.\.\.,target=\.\.\.\); of a table without a line of names text=#1$/,
      );
      const { splits } = await open(path, { columns: 'source=#2,target=#3' });
      const pairs = SPLITS.flatMap((split) => {
        const { source, target } = splits[split].texts!;
        return source!.map((text, index) => `1\t${text}\t${target![index]}`);
      });
      expect(pairs).to.have.members(rows);
      const beyond = await failure(DataError, () => open(path, { columns: 'source=#2,target=#4' }));
      expect(beyond.message).to.match(
        /has no column '#4' for the target; columns: #1, #2, #3\. --columns target=\.\.\. names another$/,
      );
    });

    it('with a source in several pairs have it in one split', async () => {
      const path = join(folder.path, 'pairs.tsv');
      const rows = Array.from({ length: 60 }, (_, i) => `source ${i % 20}\ttarget ${i}`);
      await writeFile(path, ['source\ttarget', ...rows].join('\n'));
      const { splits } = await open(path);
      const sets = SPLITS.map((split) => new Set(splits[split].texts!.source));
      expect(sets.reduce((sum, { size }) => sum + size, 0)).to.equal(20);
      expect(new Set(sets.flatMap((set) => [...set])).size).to.equal(20);
    });
  });

  describe('Parquet files', () => {
    it('of images are as the hub ships them, with the names of the classes', async () => {
      const data = await open(join(PARQUET, 'images-snappy.parquet'));
      expect(data.vocabularies).to.deep.equal({ label: ['cat', 'dog'] });
      const all = SPLITS.flatMap((split) => levels(data, split));
      expect(all).to.have.length(COUNT);
      for (const image of all) {
        const number = Math.round(255 * image[0]!);
        expect(image.map((level) => Math.round(255 * level))).to.deep.equal(Array.from(levelsOf(number)));
      }
      const wrong = await failure(DataError, () =>
        open(join(PARQUET, 'images-snappy.parquet'), { columns: 'image=picture' }),
      );
      expect(wrong.message).to.match(/has no column 'picture'; columns: image, label\. --columns image=/);
    });

    it('of texts are tables; one that is cut off is refused in one line', async () => {
      const { splits, vocabularies } = await open(join(PARQUET, 'texts-gzip.parquet'), { columns: 'text=sentence' });
      const texts = SPLITS.flatMap((split) => splits[split].texts!.text!);
      expect(texts).to.have.members(Array.from({ length: 30 }, (_, i) => `text ${i} é`));
      expect(vocabularies).to.deep.equal({ label: CLASSES });
      // The damage of a column that the group of rows should not have is nobody's to wait for: it must not end the process.
      const other = join(folder.path, 'other.parquet');
      const bytes = await readFile(join(PARQUET, 'texts-gzip.parquet'));
      bytes.fill(255, 40, 60);
      bytes.write('labex', bytes.indexOf(Buffer.from('\x19\x18\x05label', 'latin1')) + 3);
      await writeFile(other, bytes);
      const unlike = await failure(FormatError, () => open(other));
      expect(unlike.message).to.include(
        'a group of rows has the columns sentence, labex, and the schema sentence, label',
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      // A literal of 4 GiB in Snappy data: no way back in them, and no room for what can't be there.
      const snappy = await readFile(join(PARQUET, 'images-snappy.parquet'));
      const page = snappy.indexOf('PNG') - 1;
      expect(page).to.be.above(4);
      snappy.set([0xfc, 0xff, 0xff, 0xff, 0xff], page + 40);
      snappy.set([0xfc, 0xff, 0xff, 0xff, 0xff], page - 5);
      await writeFile(other, snappy);
      expect((await failure(FormatError, () => open(other))).message).to.include('Snappy data that are not those of');
      const path = join(folder.path, 'cut.parquet');
      await writeFile(path, (await readFile(join(PARQUET, 'texts-gzip.parquet'))).subarray(0, 300));
      await failure(FormatError, () => open(path));
    });

    it('in a folder are the splits that their names begin with', async () => {
      const of = join(folder.path, 'set', 'data');
      await mkdir(of, { recursive: true });
      for (const split of SPLITS)
        await copyFile(join(PARQUET, 'images-snappy.parquet'), join(of, `${split}-00000-of-00001.parquet`));
      const data = await open(join(folder.path, 'set'));
      expect(SPLITS.map((split) => data.splits[split].size)).to.deep.equal([COUNT, COUNT, COUNT]);
      await rm(join(of, 'validation-00000-of-00001.parquet'));
      const lacking = await failure(DataError, () => open(join(folder.path, 'set')));
      expect(lacking.message).to.match(
        /set has no file whose name begins with validation; wanted: names that begin with/,
      );
    });
  });

  describe('in a recipe', () => {
    const inputs = { x: { shape: [HEIGHT * WIDTH], image: [HEIGHT, WIDTH, 1] as const } };
    const mismatch = (data: DataSet, wanted: Parameters<typeof prepareInputs>[1]) =>
      failure(TrainError, () => prepareInputs(data, wanted, 'mine'));

    it('must have the size of the image, not only as many numbers', async () => {
      const data = await open(await WRITERS.npy!(folder.path));
      expect(prepareInputs(data, inputs, 'mine').splits.train.fields.x!.shape).to.deep.equal([HEIGHT * WIDTH]);
      const turned = { x: { shape: [HEIGHT * WIDTH], image: [WIDTH, HEIGHT, 1] as const } };
      const error = await mismatch(data, turned);
      expect(error.code).to.equal('data-mismatch');
      expect(error.message).to.equal(
        "recipe 'mine' wants images of 4 x 6, grey, but data set 'arrays' has 6 x 4, grey; --resize 4x6 makes them so",
      );
      const coloured = await mismatch(data, { x: { shape: [72], image: [HEIGHT, WIDTH, 3] } });
      expect(coloured.message).to.match(/wants images of 6 x 4, colour, but .* has 6 x 4, grey$/);
    });

    it('is named by its path or its reference', async () => {
      const path = join(folder.path, 'tiny.npy');
      await writeFile(
        path,
        npyBytes(
          '|u1',
          [20, 4, 4],
          Uint8Array.from({ length: 320 }, (_, i) => (i * i) % 251),
        ),
      );
      const byPath = await recipeData(tinyRecipe, { data: path });
      const byReference = await recipeData(tinyRecipe, { data: byPath.reference! });
      expect(byPath.splits.train.fields.x!.shape).to.deep.equal([16]);
      expect(levels(byPath)).to.deep.equal(levels(byReference));
      expect(byReference.reference).to.deep.equal(byPath.reference);
    });

    it('must have as many classes, and classes at all', async () => {
      const path = await WRITERS.npy!(folder.path);
      const label = { shape: [], dtype: 'int32' as const, below: 10 };
      const error = await mismatch(await open(path), { ...inputs, label });
      expect(error.message).to.equal("recipe 'mine' has 10 classes, but data set 'arrays' has 2");
      await rm(join(path, 'labels.npy'));
      const none = await mismatch(await open(path), { ...inputs, label });
      expect(none.message).to.match(
        /needs a field 'label', which data set 'arrays' has not; classes are one folder each/,
      );
    });
  });
});

/** numpy 2: `savez(images=..., labels=[1, 0])`, the images being 0, 20, ... 220 as uint8 [2, 2, 3]. */
const SAVEZ =
  'UEsDBC0AAAAAAAAAIQAbL0N5//////////8KABQAaW1hZ2VzLm5weQEAEACMAAAAAAAAAIwAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAFCg8UGR4jKC0yNxQSwMELQAAAAAAAAAhAHH7Oav//////////woAFABsYWJlbHMubnB5AQAQAJAAAAAAAAAAkAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgEAAAAAAAAAAAAAAAAAAABQSwECLQMtAAAAAAAAACEAGy9DeYwAAACMAAAACgAAAAAAAAAAAAAAgAEAAAAAaW1hZ2VzLm5weVBLAQItAy0AAAAAAAAAIQBx+zmrkAAAAJAAAAAKAAAAAAAAAAAAAACAAcgAAABsYWJlbHMubnB5UEsFBgAAAAACAAIAcAAAAJQBAAAAAA==';

/** The same of `savez_compressed`. */
const SAVEZ_COMPRESSED =
  'UEsDBC0AAAAIAAAAIQAbL0N5//////////8KABQAaW1hZ2VzLm5weQEAEACMAAAAAAAAAFQAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKQGSsqaNQq0Ae4GIQ0bAJSKnoWbDlxB0AUEsDBC0AAAAIAAAAIQBx+zmr//////////8KABQAbGFiZWxzLm5weQEAEACQAAAAAAAAAEgAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjqaOgq1ChQALkYGVAAAUEsBAi0DLQAAAAgAAAAhABsvQ3lUAAAAjAAAAAoAAAAAAAAAAAAAAIABAAAAAGltYWdlcy5ucHlQSwECLQMtAAAACAAAACEAcfs5q0gAAACQAAAACgAAAAAAAAAAAAAAgAGQAAAAbGFiZWxzLm5weVBLBQYAAAAAAgACAHAAAAAUAQAAAAA=';

/** `lib.format.write_array` of [[0.25, 1]] as float64, version (2, 0). */
const VERSION_2 =
  'k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAADQPwAAAAAAAPA/';
