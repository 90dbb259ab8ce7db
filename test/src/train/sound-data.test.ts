import { characterWindows, DataError, type DataSet, type Split, sequential, tf, train } from '@onnx-forge/train';
import {
  characterSplit,
  type Field,
  labelField,
  requireSoundData,
  SPLIT_NAMES,
  type SplitName,
} from '@onnx-forge/train/data';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { inTemporaryFolder, tinyData, tinyRecipe } from './tiny.js';

describe('data that can not be trained on', () => {
  const quick = { recipe: tinyRecipe, evaluate: false, figures: false, device: 'cpu', maxSteps: 1 } as const;

  it('an empty split is named before training', () =>
    inTemporaryFolder(async (out) => {
      for (const name of SPLIT_NAMES) {
        const data = tinyData();
        const splits = { ...data.splits, [name]: { ...data.splits[name], size: 0 } };
        const error = await rejection(() => train({ ...quick, out, data: { ...data, splits } }));
        expect(error.code).to.equal('data-format');
        expect(error.message).to.include(`no examples in its ${name} split`);
      }
    }));

  it('a label outside the classes is named before training, with its place', () =>
    inTemporaryFolder(async (out) => {
      const below = 3;
      const batch = () => ({ ...tinyRecipe.batch({}), label: { shape: [], dtype: 'int32' as const, below } });
      const recipe = { ...tinyRecipe, batch };
      for (const wrong of [3, 7, -1]) {
        const data = tinyData();
        const labelled = SPLIT_NAMES.map((name) => {
          const read = (index: number, labels: Float32Array | Int32Array, offset: number): void => {
            labels[offset] = name === 'validation' && index === 5 ? wrong : index % below;
          };
          const { size, fields } = data.splits[name];
          return [name, { size, fields: { ...fields, label: { shape: [], dtype: 'int32' as const, read } } }];
        });
        const error = await rejection(() =>
          train({ ...quick, recipe, out, data: { ...data, splits: Object.fromEntries(labelled) } }),
        );
        expect(error.message).to.equal(
          `data set 'tiny', split 'validation', example 5: 'label' holds ${wrong}, which is none of the classes 0 .. 2`,
        );
      }
    }));

  type Read = Field['read'];

  /** The tiny data with one field's values changed in one split. */
  const changed = (split: SplitName, key: string, read: Read, more: Partial<Field> = {}): DataSet => {
    const data = tinyData();
    const of = data.splits[split];
    const field = { ...of.fields[key]!, ...more, read };
    return { ...data, splits: { ...data.splits, [split]: { ...of, fields: { ...of.fields, [key]: field } } } };
  };

  it('values that are not finite, or outside the range of an image, are named with their place', () =>
    inTemporaryFolder(async (out) => {
      const batch = () => ({ x: { shape: [16], image: [4, 4, 1] as const } });
      for (const [value, recipe, says] of [
        [Number.NaN, tinyRecipe, 'NaN, which is not'],
        [255, { ...tinyRecipe, batch }, '255, which is not in the range 0 .. 1'],
      ] as const) {
        const read: Read = (index, x, offset) => x.fill(index === 3 ? value : 0.5, offset, offset + 16);
        const data = changed('validation', 'x', read, { finite: false });
        const error = await rejection(() => train({ ...quick, recipe, out, data }));
        expect(error.message).to.include(`data set 'tiny', split 'validation', example 3: 'x' holds ${says}`);
      }
    }));

  it('one class in training, a class of your own without an example, and texts of another number are named', () => {
    const labels = (classes: number, below = 3): Split => ({
      size: 6,
      fields: { label: { ...labelField(Int32Array.from({ length: 6 }, (_, i) => i % classes)), below } },
    });
    const of = (train: Split, more: Partial<DataSet> = {}): DataSet => {
      const splits = { train, validation: labels(3), test: labels(3) };
      return { name: 'mine', splits, files: [], embedded: true, ...more };
    };
    const reference = { format: 'csv', path: '/mine.csv' };
    const vocabularies = { label: ['ant', 'bee', 'cat'] };
    expect(() => requireSoundData(of(labels(3), { reference }))).to.not.throw();
    expect(() => requireSoundData(of(labels(2)))).to.not.throw();
    expect(() => requireSoundData(of(labels(1), { vocabularies }))).to.throw(
      DataError,
      "data set 'mine', split 'train': all examples are of one class, 'ant': two at least are needed",
    );
    expect(() => requireSoundData(of(labels(2), { reference, vocabularies }))).to.throw(
      DataError,
      "data set 'mine', split 'train': class 'cat' has no example",
    );
    expect(() => requireSoundData(of({ ...labels(3), texts: { text: ['a'] } }))).to.throw(
      DataError,
      "data set 'mine', split 'train': there are 1 texts 'text' of 6 examples",
    );
  });

  it('a text of one character, and a batch of one where vectors are normalised over it, are refused', () =>
    inTemporaryFolder(async (out) => {
      const text = characterSplit('a'.repeat(200));
      const data = { name: 'mine', splits: { train: text, validation: text, test: text }, files: [], embedded: true };
      expect(() => characterWindows(data, { blockSize: 32 })).to.throw(
        'data set \'mine\' has one character only in its train split, "a": there is nothing to predict',
      );
      const nets: typeof tinyRecipe.nets = () => {
        const { layers } = tf;
        return { net: sequential([layers.dense({ inputShape: [16], units: 4 }), layers.batchNormalization()]) };
      };
      const recipe = { ...tinyRecipe, nets };
      const error = await rejection(() => train({ ...quick, recipe, out, data: tinyData(), set: { batchSize: 1 } }));
      expect(error.code).to.equal('option-invalid');
      expect(error.message).to.match(/batch normalisation of vectors \(net\/.*batchSize must be at least 2/);
    }));
});
