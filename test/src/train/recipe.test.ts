import { defineRecipe, generatorModel, likelihood, mlp, positive, tf } from '@onnx-forge/train';
import { dataFacts } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { rejection } from './rejects.js';

const image = { height: 2, width: 2, channels: 1, range: [-1, 1] } as const;

/** The smallest recipe there is; what the tests change is laid over it. */
const define = (changed: { name?: string; steps?: Record<string, never> } = {}) =>
  defineRecipe({
    name: 'small',
    task: 'a test',
    source: 'none',
    data: { real: 'none', embedded: 'none' },
    options: { width: 3, rate: positive(0.1), batchSize: 2, epochs: 1 },
    batch: { x: { shape: [4] } },
    nets: ({ width }, init) => {
      const size: number = width;
      return { body: mlp([4, size, 1], { activation: 'relu', kernel: init.heUniform }) };
    },
    steps: {
      fit: {
        updates: ['body'],
        optimizer: ({ rate }) => tf.train.sgd(rate),
        loss: ({ body }, { x }) => ({ loss: body.apply(x).mean<tf.Scalar>() }),
      },
    },
    serves: ({ body }) =>
      generatorModel({
        latentDim: 4,
        prior: 'normal',
        image,
        generate: (z) => z,
        discriminate: (x) => body.apply(x),
      }),
    ...changed,
  });

describe('defineRecipe', () => {
  it('takes `facts` of the served model for `serve`, as they were called before', () => {
    const { serve: facts, ...others } = generatorModel({
      latentDim: 4,
      prior: 'normal',
      image,
      generate: (z) => z,
      discriminate: (x) => x,
    });
    const recipe = define({ serves: () => ({ ...others, facts }) } as never);
    expect(recipe.serves({}, {}, dataFacts({}))).to.deep.equal({ ...others, serve: facts });
  });

  it('fills in what a recipe may leave out', () => {
    const recipe = define();
    expect(recipe.presets).to.deep.equal({});
    expect(recipe.figures).to.deep.equal({});
    expect(recipe.snapshots({})).to.deep.equal({});
    expect(recipe.options.width?.expects).to.equal('a whole number of at least 1');
  });

  it('refuses a name that can not be a folder, and a recipe without steps', async () => {
    for (const name of ['', 'Big', 'a/b', '../x', 'a b']) {
      expect((await rejection(() => define({ name }))).code).to.equal('recipe-invalid');
    }
    expect((await rejection(() => define({ steps: {} }))).message).to.include('has no step');
  });

  it('checks the names of networks, inputs and options, and the kind, when it is compiled', () => {
    const check = () =>
      defineRecipe({
        name: 'wrong',
        task: '',
        source: '',
        data: { real: '', embedded: '' },
        options: { width: 3, batchSize: 2, epochs: 1 },
        batch: { x: { shape: [4] } },
        nets: (_options, init) => ({ body: mlp([4, 1], { activation: 'relu', kernel: init.heUniform }) }),
        steps: {
          fit: {
            // @ts-expect-error there is no network 'head'
            updates: ['head'],
            // @ts-expect-error there is no option 'rate'
            optimizer: ({ rate }) => tf.train.sgd(rate),
            // @ts-expect-error there is no input 'y'
            loss: ({ body }, { y }) => ({ loss: body.apply(y).mean<tf.Scalar>() }),
          },
        },
        serves: ({ body }) =>
          generatorModel({
            latentDim: 4,
            prior: 'normal',
            image,
            generate: (z) => z,
            discriminate: (x) => body.apply(x),
          }),
      });
    expect(check).to.be.a('function');
    const kinds = () =>
      defineRecipe({
        name: 'wrong',
        task: '',
        source: '',
        data: { real: '', embedded: '' },
        options: { batchSize: 2, epochs: 1 },
        batch: { x: { shape: [4] } },
        nets: (_options, init) => ({ body: mlp([4, 1], { activation: 'relu', kernel: init.heUniform }) }),
        steps: {},
        serves: ({ body }) =>
          // @ts-expect-error a generator has no likelihood, which is asked for below
          generatorModel({
            latentDim: 4,
            prior: 'normal',
            image,
            generate: (z) => z,
            discriminate: (x) => body.apply(x),
          }),
        evaluate: likelihood({ samples: 1 }),
      });
    expect(kinds).to.be.a('function');
  });
});
