import { oneOf, positive, real } from '@onnx-forge/train';
import { type OptionValues, resolveOptions, schemaOf } from '@onnx-forge/train/options';
import { recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { rejection } from './rejects.js';
import { tinyRecipe } from './tiny.js';

const schema = schemaOf({
  latentDim: 100,
  learningRate: positive(3e-4),
  dropout: real(0),
  beta: 0.5,
  bias: true,
  prior: oneOf('normal', 'uniform'),
  note: 'none',
});

const resolve = (given: Record<string, unknown>): OptionValues => resolveOptions(schema, given, "recipe 'x'");

describe('options', () => {
  it('have the defaults', () => {
    expect(resolve({})).to.deep.equal({
      latentDim: 100,
      learningRate: 3e-4,
      dropout: 0,
      beta: 0.5,
      bias: true,
      prior: 'normal',
      note: 'none',
    });
  });

  it('parse the text of a command line by the type of the default', () => {
    const text = { latentDim: '20', learningRate: '1e-3', dropout: '-1.5', bias: 'false', prior: 'uniform', note: '7' };
    expect(resolve(text)).to.deep.include({
      latentDim: 20,
      learningRate: 1e-3,
      dropout: -1.5,
      bias: false,
      prior: 'uniform',
      note: '7',
    });
  });

  const bad: [name: string, value: unknown, expected: string][] = [
    ['latentDim', '0', 'a whole number of at least 1'],
    ['latentDim', '2.5', 'a whole number of at least 1'],
    ['latentDim', -3, 'a whole number of at least 1'],
    ['latentDim', 'many', 'a whole number of at least 1'],
    ['latentDim', '', 'a whole number of at least 1'],
    ['latentDim', true, 'a whole number of at least 1'],
    ['learningRate', '0', 'a number above 0'],
    ['learningRate', 'NaN', 'a number above 0'],
    ['learningRate', Number.POSITIVE_INFINITY, 'a number above 0'],
    ['dropout', 'NaN', 'a finite number'],
    ['bias', 'yes', 'true or false'],
    ['bias', 1, 'true or false'],
    ['prior', 'laplace', 'one of normal, uniform'],
    ['note', { deep: 1 }, 'a text'],
    ['note', undefined, 'a text'],
  ];
  for (const [name, value, expected] of bad) {
    it(`refuse ${name} = ${JSON.stringify(value)}`, async () => {
      const error = await rejection(() => resolve({ [name]: value }));
      expect(error.code).to.equal('option-invalid');
      expect(error.message).to.include(`'${name}' must be ${expected}`);
    });
  }

  it('suggest the nearest name for an unknown one', async () => {
    for (const name of ['latentdim', 'toString', '__proto__x']) {
      const error = await rejection(() => resolve({ [name]: 1 }));
      expect(error.code).to.equal('option-unknown');
    }
    const error = await rejection(() => resolve({ latent_dim: 3 }));
    expect(error.message).to.include("did you mean 'latentDim'?");
  });

  it('take presets, then single values over them', async () => {
    expect(recipeOptions(tinyRecipe, { preset: 'wide' }).latentDim).to.equal(3);
    expect(recipeOptions(tinyRecipe, { preset: 'wide', set: { latentDim: '4' } }).latentDim).to.equal(4);
    const error = await rejection(() => recipeOptions(tinyRecipe, { preset: 'tall' }));
    expect(error.message).to.include('presets: wide');
  });
});
