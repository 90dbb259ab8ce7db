import { InputError } from '@onnx-forge/infer';
import { binarise, DataError, type DataSet, gather, loadDataSet, type Split } from '@onnx-forge/train';
import { drawnOnce, type Field } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { failure } from './support.js';

const PIXELS = 28 * 28;
const all = (split: Split, field: string) =>
  gather(
    split,
    field,
    Array.from({ length: split.size }, (_, i) => i),
  );

describe('synthetic digits', () => {
  let digits: DataSet;
  before(async () => {
    digits = await loadDataSet('synthetic-digits');
  });

  it('have the promised splits and fields and need no files', () => {
    expect(digits).to.include({ name: 'synthetic-digits', embedded: true });
    expect(digits.files).to.deep.equal([]);
    const { train, validation, test } = digits.splits;
    expect([train.size, validation.size, test.size]).to.deep.equal([10_000, 1_000, 1_000]);
    expect(train.fields.x).to.deep.include({ shape: [28, 28, 1], dtype: 'float32', binary: false });
    expect(train.fields.label).to.deep.include({ shape: [], dtype: 'int32' });
  });

  it('are the same for the same seed and different for another', async () => {
    const again = await loadDataSet('synthetic-digits', { seed: 0 });
    const other = await loadDataSet('synthetic-digits', { seed: 1 });
    expect(all(again.splits.test, 'x')).to.deep.equal(all(digits.splits.test, 'x'));
    expect(all(again.splits.test, 'label')).to.deep.equal(all(digits.splits.test, 'label'));
    expect(all(other.splits.test, 'x')).to.not.deep.equal(all(digits.splits.test, 'x'));
  });

  it('show each class equally often, in no order', () => {
    const labels = all(digits.splits.validation, 'label');
    for (let digit = 0; digit < 10; digit++) expect(labels.filter((label) => label === digit).length).to.equal(100);
    expect(labels.findIndex((label) => label !== labels[0])).to.be.within(1, 20);
  });

  it('look like MNIST to first order: ink, range, empty border, centred', () => {
    const x = all(digits.splits.validation, 'x') as Float32Array;
    const mean = x.reduce((sum, level) => sum + level, 0) / x.length;
    const std = Math.sqrt(x.reduce((sum, level) => sum + (level - mean) ** 2, 0) / x.length);
    // MNIST: 0.1307 and 0.3081.
    expect(mean).to.be.within(0.1, 0.16);
    expect(std).to.be.within(0.26, 0.34);
    expect(x.every((level) => level >= 0 && level <= 1)).to.equal(true);
    let [row, column, ink, border] = [0, 0, 0, 0];
    x.forEach((level, at) => {
      const [r, c] = [Math.floor((at % PIXELS) / 28), at % 28];
      row += r * level;
      column += c * level;
      ink += level;
      if (r === 0 || c === 0 || r === 27 || c === 27) border += level;
    });
    expect(row / ink).to.be.closeTo(13.5, 0.3);
    expect(column / ink).to.be.closeTo(13.5, 0.3);
    expect(border / ink).to.be.lessThan(0.001);
  });

  it('are all different', () => {
    const x = all(digits.splits.test, 'x') as Float32Array;
    const images = new Set(Array.from({ length: 1000 }, (_, i) => x.subarray(i * PIXELS, (i + 1) * PIXELS).join()));
    expect(images.size).to.equal(1000);
  });

  it('can be told apart by their class means, though not perfectly', () => {
    const { train, test } = digits.splits;
    const [x, y] = [all(train, 'x'), all(train, 'label')];
    const means = Array.from({ length: 10 }, () => new Float64Array(PIXELS));
    y.forEach((digit, i) => {
      for (let p = 0; p < PIXELS; p++) means[digit]![p]! += x[i * PIXELS + p]! / (train.size / 10);
    });
    const [tx, ty] = [all(test, 'x'), all(test, 'label')];
    const distance = (mean: Float64Array, i: number): number =>
      mean.reduce((sum, level, p) => sum + (level - tx[i * PIXELS + p]!) ** 2, 0);
    const right = ty.filter((digit, i) => {
      const distances = means.map((mean) => distance(mean, i));
      return distances.indexOf(Math.min(...distances)) === digit;
    });
    // MNIST: 0.82.
    expect(right.length / test.size).to.be.within(0.7, 0.95);
  });

  describe('binarised', () => {
    it('by threshold: one half and above is ink', async () => {
      const { name, splits } = await loadDataSet('synthetic-digits+threshold');
      expect(name).to.equal('synthetic-digits+threshold');
      expect(splits.test.fields.x!.binary).to.equal(true);
      const grey = all(digits.splits.test, 'x');
      expect(all(splits.test, 'x')).to.deep.equal(grey.map((level) => (level >= 0.5 ? 1 : 0)));
      expect(all(splits.test, 'label')).to.deep.equal(all(digits.splits.test, 'label'));
    });

    it('by chance: ink with probability grey, the same for the same seed', () => {
      const drawn = (seed: number) => all(binarise(digits, 'stochastic', seed).splits.train, 'x');
      const [bits, grey] = [drawn(1), all(digits.splits.train, 'x')];
      expect(drawn(1)).to.deep.equal(bits);
      expect(drawn(2)).to.not.deep.equal(bits);
      // Per grey level: the share of ink within 5 standard errors of the level; none at 0, all at 1.
      const counts = new Map<number, { n: number; ink: number }>();
      grey.forEach((level, i) => {
        const count = counts.get(level) ?? { n: 0, ink: 0 };
        count.n++;
        count.ink += bits[i]!;
        counts.set(level, count);
      });
      expect(counts.size).to.be.greaterThan(200);
      for (const [level, { n, ink }] of counts) {
        expect(Math.abs(ink / n - level)).to.be.at.most(5 * Math.sqrt((level * (1 - level)) / n) + 1e-12);
      }
    });

    it('refuses pixels that are no grey, with their place', async () => {
      const set = (pixels: number[]): DataSet => {
        const read: Field['read'] = (index, out, offset) => out.set(pixels.slice(2 * index, 2 * index + 2), offset);
        const split: Split = { size: 2, fields: { x: { shape: [2], dtype: 'float32', read } } };
        return { name: 'mine', files: [], embedded: false, splits: { train: split, validation: split, test: split } };
      };
      const bits = all(binarise(set([0, 0.49, 0.5, 1]), 'threshold', 0).splits.train, 'x');
      expect(Array.from(bits)).to.deep.equal([0, 0, 1, 1]);
      for (const [pixels, found] of [
        [[0, 1, 0.5, 255], 'example 1 has a pixel of 255'],
        [[0, -1, 0.5, 1], 'example 0 has a pixel of -1'],
        [[0, 1, Number.NaN, 1], 'example 1 has a pixel of NaN'],
      ] as const) {
        for (const mode of ['threshold', 'stochastic', 'dynamic'] as const) {
          const error = await failure(DataError, () => all(binarise(set([...pixels]), mode, 0).splits.train, 'x'));
          expect(error.message).to.match(new RegExp(`^data set 'mine', split '(train|validation)', ${found}`));
        }
      }
    });

    it('leaves binary images alone and refuses unknown ways', async () => {
      const once = binarise(digits, 'threshold', 0);
      expect(binarise(once, 'stochastic', 0)).to.equal(once);
      await failure(InputError, () => binarise(digits, 'sepia' as 'threshold', 0));
    });

    it('refuses to binarise again what is drawn anew in every step', async () => {
      const dynamic = binarise(digits, 'dynamic', 0);
      expect(binarise(dynamic, 'dynamic', 0)).to.equal(dynamic);
      for (const mode of ['threshold', 'stochastic'] as const) {
        const { message } = await failure(InputError, () => binarise(dynamic, mode, 0));
        expect(message).to.match(
          /^data set 'synthetic-digits\+dynamic' is drawn anew in every step, and can't be binarised/,
        );
        expect(message).to.include(`by '${mode}' as well: take --data synthetic-digits, or`);
        expect(message).to.include('add --set binarisation=dynamic where the recipe has that option');
      }
    });

    it('draws the training images of dynamic once to measure them, as stochastic does', () => {
      const [once, stochastic] = [drawnOnce(binarise(digits, 'dynamic', 0), 0), binarise(digits, 'stochastic', 0)];
      expect(once.name).to.equal('synthetic-digits+stochastic');
      for (const split of ['train', 'validation'] as const) {
        expect(once.splits[split].fields.x!.binary).to.equal(true);
        expect(all(once.splits[split], 'x'), split).to.deep.equal(all(stochastic.splits[split], 'x'));
      }
      expect(drawnOnce(stochastic, 0)).to.equal(stochastic);
    });

    it('keeps what was drawn once, whatever a recipe asks for', () => {
      const drawn = binarise(digits, 'stochastic', 0);
      for (const mode of ['threshold', 'dynamic'] as const) expect(binarise(drawn, mode, 0)).to.equal(drawn);
    });
  });
});
