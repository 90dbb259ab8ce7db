import { SPLIT_NAMES, train } from '@onnx-forge/train';
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
});
