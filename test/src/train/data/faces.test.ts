import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, Random } from '@onnx-forge/infer';
import {
  DataError,
  type DataSet,
  evenTraining,
  fitImages,
  gather,
  loadDataSet,
  numberImages,
  randomAffine,
  randomLight,
  type Split,
} from '@onnx-forge/train';
import {
  IDENTITY_FOLDS,
  imageField,
  pick,
  resample,
  SPLIT_NAMES,
  splitByIdentity,
  withFold,
} from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { failure, realData, temporaryFolder } from './support.js';
import { archive, entry } from './tar-bytes.js';

const all = (split: Split, field: string) => Array.from(gather(split, field, [...Array(split.size).keys()]));

/** A split of these identities; `x` is the number of the example. */
function people(labels: readonly number[]): Split {
  return {
    size: labels.length,
    fields: {
      x: { shape: [1], dtype: 'float32', read: (index, out, offset) => out.set([index], offset) },
      label: { shape: [], dtype: 'int32', read: (index, out, offset) => out.set([labels[index]!], offset) },
    },
  };
}

const dataSet = (splits: DataSet['splits']): DataSet => ({ name: 'people', splits, files: [], embedded: true });

describe('splits by identity', () => {
  const labels = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 20, maxLength: 80 });

  it('are disjoint, lose no example, and test every identity in one fold', () => {
    fc.assert(
      fc.property(labels, (given) => {
        const identities = new Set(given);
        fc.pre(identities.size >= 2 * IDENTITY_FOLDS);
        const tested: number[] = [];
        for (let fold = 0; fold < IDENTITY_FOLDS; fold++) {
          const splits = splitByIdentity(people(given), { fold });
          const examples = SPLIT_NAMES.flatMap((name) => all(splits[name], 'x'));
          expect(examples.sort((a, b) => a - b)).to.deep.equal(given.map((_, index) => index));
          const sets = SPLIT_NAMES.map((name) => new Set(all(splits[name], 'label')));
          expect(sets.reduce((sum, set) => sum + set.size, 0)).to.equal(identities.size);
          for (const set of sets) expect(set.size).to.be.at.least(1);
          tested.push(...sets[2]!);
        }
        expect(tested.sort((a, b) => a - b)).to.deep.equal([...identities].sort((a, b) => a - b));
      }),
    );
  });

  it('do not depend on the splits that there were', () => {
    const given = Array.from({ length: 60 }, (_, i) => (7 * i) % 20);
    const once = withFold(dataSet(splitByIdentity(people(given), { fold: 0 })), { fold: 2 });
    const twice = withFold(withFold(once, { fold: 1 }), { fold: 2 });
    for (const name of SPLIT_NAMES) {
      expect(all(twice.splits[name], 'x')).to.deep.equal(all(once.splits[name], 'x'));
    }
  });

  it('refuse a fold that is none, and too few identities', () => {
    expect(() => splitByIdentity(people([1, 2]), { fold: 4 })).to.throw(InputError, 'the fold must be 0 to 3, not 4');
    expect(() => splitByIdentity(people([1, 2, 3]), { fold: 0 })).to.throw(InputError, '3 identities are too few');
    const { label: _, ...fields } = people([1]).fields;
    expect(() => splitByIdentity({ size: 1, fields }, { fold: 0 })).to.throw(InputError, "a field 'label'");
  });

  it('give everybody as many training examples, under the number of the image', () => {
    const given = [0, 0, 0, 1, ...Array.from({ length: 20 }, (_, i) => 2 + i)];
    const numbered = numberImages(withFold(dataSet(splitByIdentity(people(given), { fold: 0 })), { fold: 1 }));
    const numbers = SPLIT_NAMES.flatMap((name) => all(numbered.splits[name], 'image'));
    expect(new Set(numbers).size).to.equal(given.length);
    const { train } = evenTraining(numbered, 2).splits;
    const found = all(train, 'label');
    for (const identity of new Set(found)) expect(found.filter((one) => one === identity)).to.have.length(2);
    const images = all(train, 'image');
    const of = (identity: number) => images.filter((_, index) => found[index] === identity);
    expect(new Set(of(0)).size).to.equal(2); // has three images
    expect(new Set(of(1)).size).to.equal(1); // has one
  });
});

describe('images of another size', () => {
  it('keep their mean when they shrink, and are equal where nothing changes', () => {
    const random = new Random(1);
    const image = random.fillUniform(new Float32Array(12 * 8));
    const crop = { top: 0, left: 0, height: 12, width: 8 };
    const same = resample(image, { height: 12, width: 8 }, crop, { height: 12, width: 8 });
    same.forEach((value, i) => {
      expect(value).to.be.closeTo(image[i]!, 1e-6);
    });
    // A constant stays what it is, at the border too.
    const flat = resample(image.fill(0.3), { height: 12, width: 8 }, crop, { height: 5, width: 3 });
    for (const value of flat) expect(value).to.be.closeTo(0.3, 1e-6);
  });

  it('are what interpolation of a slope says, inside a crop', () => {
    // Level = column / 10: its value at the middle of each new pixel.
    const slope = Float32Array.from({ length: 6 * 10 }, (_, i) => (i % 10) / 10);
    const crop = { top: 1, left: 2, height: 4, width: 6 };
    for (const width of [3, 6]) {
      const found = resample(slope, { height: 6, width: 10 }, crop, { height: 2, width });
      found.forEach((value, i) => {
        const middle = 2 + (6 / width) * ((i % width) + 0.5) - 0.5;
        expect(value).to.be.closeTo(middle / 10, 1e-6);
      });
    }
  });

  it('are refused in colour, and where the crop is larger than they are', () => {
    const set = (shape: number[]) => {
      const split: Split = {
        size: 1,
        fields: { x: imageField(new Uint8Array(shape.reduce((a, b) => a * b)), shape, 255) },
      };
      return dataSet({ train: split, validation: split, test: split });
    };
    expect(() => fitImages(set([4, 4, 3]), { height: 2, width: 2 })).to.throw(InputError, 'grey images');
    const large = { height: 5, width: 2 };
    expect(() => fitImages(set([4, 4, 1]), { height: 2, width: 2 }, large)).to.throw(InputError, "can't be cut out");
    expect(fitImages(set([4, 4, 1]), { height: 4, width: 4 }).splits.train.fields.x!.shape).to.deep.equal([4, 4, 1]);
  });
});

describe('changes of an image', () => {
  const shape = { height: 9, width: 7, channels: 1 };
  const image = () => new Random(3).fillUniform(new Float32Array(63));

  it('leave it alone when their reach is 0', () => {
    for (const change of [
      randomAffine(shape, { shift: 0, scale: 0, turn: 0 }),
      randomLight(shape, { brightness: 0, contrast: 0, slope: 0 }),
    ]) {
      const changed = image();
      change(changed, new Random(1));
      changed.forEach((value, i) => {
        expect(value).to.be.closeTo(image()[i]!, 1e-5);
      });
    }
  });

  it('keep values within [0, 1] and a constant image constant under affine changes', () => {
    const random = new Random(2);
    for (let draw = 0; draw < 50; draw++) {
      const lit = image();
      randomLight(shape, { brightness: 0.5, contrast: 1, slope: 1 })(lit, random);
      expect(lit.every((value) => value >= 0 && value <= 1)).to.equal(true);
      const moved = new Float32Array(63).fill(0.7);
      randomAffine(shape, { shift: 0.3, scale: 0.5, turn: 40, stretch: 0.2 })(moved, random);
      for (const value of moved) expect(value).to.be.closeTo(0.7, 1e-6);
    }
  });
});

describe('synthetic-faces', () => {
  it('are drawn from the seed alone, alike for one person, and unlike for others', async () => {
    const [one, again, other] = await Promise.all([1, 1, 2].map((seed) => loadDataSet('synthetic-faces', { seed })));
    const images = (set: DataSet | undefined, indices: number[]) => gather(set!.splits.test, 'x', indices);
    expect(images(one, [0, 1])).to.deep.equal(images(again, [1, 0].reverse()));
    expect(images(one, [0])).to.not.deep.equal(images(other, [0]));
    expect(images(one, [0])).to.not.deep.equal(images(one, [1]));
    const { train, test } = one!.splits;
    expect(new Set(all(train, 'label')).size).to.equal(26);
    expect(all(test, 'label').filter((label) => label === 3)).to.have.length(10);
    expect(images(one, [5]).every((level) => level >= 0 && level <= 1)).to.equal(true);
  });
});

describe('the real faces', () => {
  let dataDir = '';
  before(function () {
    dataDir = realData(this);
  });

  it("AT&T's are 40 people with 10 images each, byte for byte", async () => {
    const { splits } = withFold(await loadDataSet('att-faces', { dataDir }), { fold: 0 });
    const found = new Map<string, Uint8Array>();
    for (const name of SPLIT_NAMES) {
      const split = splits[name];
      const labels = all(split, 'label');
      const seen = new Map<number, number>();
      labels.forEach((label, index) => {
        const number = (seen.get(label) ?? 0) + 1;
        seen.set(label, number);
        const pixels = gather(split, 'x', [index]).map((level) => Math.round(255 * level));
        found.set(`s${label + 1}/${number}.pgm`, Uint8Array.from(pixels));
      });
    }
    expect(found.size).to.equal(400);
    // The hash of the 400 files, joined in the order of their names, whose header is 14 bytes.
    const hash = createHash('sha256');
    for (const name of [...found.keys()].sort()) hash.update('P5\n92 112\n255\n').update(found.get(name)!);
    expect(hash.digest('hex')).to.equal('d55131c493f74d496242d79be79cbfd15d2672f23cb1636f845bdb5089d9ca35');
  });

  it('LFW has 62 people and 3,023 images, of which a few are decoded quickly', async () => {
    const { splits } = await loadDataSet('lfw', { dataDir });
    const labels = SPLIT_NAMES.map((name) => all(splits[name], 'label'));
    expect(labels.flat()).to.have.length(3023);
    expect(new Set(labels.flat()).size).to.equal(62);
    // Alejandro Toledo is the first by name, George W Bush has the most images.
    expect(labels.flat().filter((label) => label === 0)).to.have.length(39);
    expect(
      Math.max(...[...new Set(labels.flat())].map((one) => labels.flat().filter((l) => l === one).length)),
    ).to.equal(530);
    const x = gather(pick(splits.train, [0, 100]), 'x', [0, 1]) as Float32Array;
    expect(x).to.have.length(2 * 250 * 250);
    const mean = x.reduce((sum, level) => sum + level, 0) / x.length;
    expect(mean).to.be.within(0.2, 0.8);
  });
});

describe('a damaged archive of faces', () => {
  const folder = temporaryFolder();

  it('is refused in one line, which names the archive or says how many images there are', async () => {
    await mkdir(join(folder.path, 'att_faces'));
    const file = join(folder.path, 'att_faces', 'att_faces.tar');
    await writeFile(file, Buffer.alloc(1536, 'x'));
    const load = () => loadDataSet('att-faces', { dataDir: folder.path });
    const damaged = await failure(DataError, load);
    expect(damaged.code).to.equal('data-damaged');
    expect(damaged.message).to.include(`${file}: at byte `);
    await writeFile(file, archive(entry('att_faces/s1/1.pgm', 'x')));
    const few = await failure(DataError, load);
    expect(few.message).to.match(/att_faces\.tar is truncated: its files are others: there are 1 of 400, with sha256/);
    await rm(file);
    const missing = await failure(DataError, load);
    expect(missing.message).to.match(/att_faces is missing; fetch it with 'onnx-forge data fetch att-faces/);
    const lfw = await failure(DataError, () => loadDataSet('lfw', { dataDir: folder.path }));
    expect(lfw.message).to.match(/lfw is missing; get the aligned copy LFW-a from https:/);
  });
});
