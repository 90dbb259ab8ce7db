import { Random } from '@onnx-forge/infer';
import { type RecipeName, recipes } from '@onnx-forge/models';
import { type Networks, type Recipe, tf, useBackend } from '@onnx-forge/train';
import { dataFacts, TrainingBatches } from '@onnx-forge/train/data';
import { CompiledEngine, type EngineState } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import type { OptionValues } from '@onnx-forge/train/options';
import { recipeData, recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';
import { EmbeddedSets } from '../train/embedded.js';

async function recipeOf(name: RecipeName): Promise<Recipe> {
  return (await recipes[name]()).default;
}

const sets = new EmbeddedSets();

async function netsOf(recipe: Recipe, options: OptionValues, seed = 1): Promise<Networks> {
  const data = await recipeData(recipe, { data: await sets.of(recipe), options });
  return recipe.nets(options, seededInitializers(new Random(seed)), dataFacts(data));
}

/** Names of the arrays in which anything changed. */
function movedBetween(before: EngineState, after: EngineState): Set<string> {
  const names = Object.keys(before);
  return new Set(names.filter((name) => before[name]!.data.some((value, i) => value !== after[name]!.data[i])));
}

/** Weights that a recipe keeps as they are; moving averages are no weights in this sense. */
function frozen(nets: Networks): Set<string> {
  const kept = networkWeights(nets).filter(({ name, trainable }) => !trainable && !name.includes('/moving_'));
  return new Set(kept.map(({ name }) => name));
}

/** Shapes of a network's weights, by name. */
function shapes(nets: Networks, net: string): Record<string, number[]> {
  return Object.fromEntries(networkWeights(nets, [net]).map(({ name, variable }) => [name, variable.shape]));
}

describe('recipes', () => {
  before(() => useBackend('cpu'));

  for (const name of Object.keys(recipes) as RecipeName[]) {
    describe(name, () => {
      it('is listed under its name, with its data sets', async () => {
        const recipe = await recipeOf(name);
        expect(recipe.name).to.equal(name);
        const data = await recipeData(recipe, { data: await sets.of(recipe) });
        expect(Object.keys(data.splits.train.fields)).to.deep.equal(Object.keys(recipe.batch(recipeOptions(recipe))));
      });

      it('starts from the same weights for the same seed, from others for another', async () => {
        const recipe = await recipeOf(name);
        const options = recipeOptions(recipe);
        const values = async (seed: number) => {
          const nets = await netsOf(recipe, options, seed);
          const weights = networkWeights(nets).map(({ variable }) => variable.dataSync().slice());
          for (const net of Object.values(nets)) net.dispose();
          return weights;
        };
        const [one, again, other] = [await values(1), await values(1), await values(2)];
        expect(one).to.deep.equal(again);
        expect(one.map((kernel, index) => kernel.some((value, i) => value !== other[index]![i]))).to.include(true);
      });

      it('moves every weight of the networks that a step names, no weight of others, and every moving average', async () => {
        const recipe = await recipeOf(name);
        // Pairs beyond the margin of a contrastive loss have no gradient: few images may have no others.
        const batchSize = name === 'siamese' ? 24 : 4;
        const options = recipeOptions(recipe, { set: { batchSize } });
        const nets = await netsOf(recipe, options);
        const parts = { recipe, nets, options, random: new Random(1) };
        const engine = await CompiledEngine.compile(parts, { batchSize, device: 'cpu' });
        const data = await recipeData(recipe, { data: await sets.of(recipe), options });
        const { fields } = new TrainingBatches(data.splits.train, { batchSize, seed: 1 }).next();
        const start = await engine.state();
        for (const [step, { updates }] of Object.entries(recipe.steps)) {
          const before = await engine.state();
          const updated = updates === 'all' ? Object.keys(nets) : updates;
          // Twice: a block that starts as the identity lets no gradient in at first.
          for (let time = 0; time < 2; time++) {
            for (const value of Object.values(await engine.run(step, fields)))
              expect(value).to.satisfy(Number.isFinite);
          }
          const moved = movedBetween(before, await engine.state());
          for (const { name: weight } of networkWeights(nets).filter(({ trainable }) => trainable)) {
            expect(moved.has(weight), `${step} moves ${weight}`).to.equal(updated.includes(weight.split('/')[0]!));
          }
        }
        const state = Object.keys(start).filter((weight) => !frozen(nets).has(weight));
        expect([...movedBetween(start, await engine.state())]).to.have.members(state);
        await engine.dispose();
        for (const net of Object.values(nets)) net.dispose();
      });
    });
  }

  it('vae has the layers of the assignment, and logits near -5 at the start', async () => {
    const recipe = await recipeOf('vae');
    const options = recipeOptions(recipe);
    expect(options).to.include({ latentDim: 100, batchSize: 64, epochs: 20, learningRate: 3e-4 });
    const nets = await netsOf(recipe, options);
    expect(Object.values(shapes(nets, 'encoder'))).to.deep.equal([
      [784, 300],
      [300],
      [300, 300],
      [300],
      [300, 200],
      [200],
    ]);
    expect(Object.values(shapes(nets, 'decoder'))).to.deep.equal([
      [100, 300],
      [300],
      [300, 300],
      [300],
      [300, 784],
      [784],
    ]);
    const logits = nets.decoder!.apply(tf.zeros([1, 100])).dataSync();
    for (const logit of logits) expect(logit).to.be.within(-5.5, -4.5);
  });

  it('dcgan has the layers of the assignment', async () => {
    const recipe = await recipeOf('dcgan');
    const options = recipeOptions(recipe);
    expect(options).to.include({ noiseDim: 96, batchSize: 128, epochs: 5, learningRate: 1e-3, beta1: 0.5 });
    const nets = await netsOf(recipe, options);
    expect(shapes(nets, 'discriminator')).to.deep.equal({
      'discriminator/1/kernel': [5, 5, 1, 32],
      'discriminator/1/bias': [32],
      'discriminator/4/kernel': [5, 5, 32, 64],
      'discriminator/4/bias': [64],
      'discriminator/8/kernel': [1024, 1024],
      'discriminator/8/bias': [1024],
      'discriminator/10/kernel': [1024, 1],
      'discriminator/10/bias': [1],
    });
    const generator = shapes(nets, 'generator');
    expect(generator).to.deep.include({
      'generator/0/kernel': [96, 1024],
      'generator/2/kernel': [1024, 6272],
      'generator/5/kernel': [4, 4, 64, 128],
      'generator/7/kernel': [4, 4, 1, 64],
    });
    expect(Object.keys(generator).filter((name) => name.endsWith('moving_variance'))).to.have.length(3);
    const images = nets.generator!.apply(tf.randomUniform([3, 96], -1, 1, 'float32', 1));
    expect(images.shape).to.deep.equal([3, 784]);
    for (const pixel of images.dataSync()) expect(pixel).to.be.within(-1, 1);
    expect(nets.discriminator!.apply(images).shape).to.deep.equal([3, 1]);
  });

  it('dcgan sees pixels in [-1, 1] and noise from U(-1, 1)', async () => {
    const { sampleNoise } = await import('@onnx-forge/models/dcgan');
    const recipe = await recipeOf('dcgan');
    const { splits } = await recipeData(recipe, { data: await sets.of(recipe) });
    const out = new Float32Array(784);
    splits.train.fields.x!.read(0, out, 0);
    expect(Math.min(...out)).to.equal(-1);
    expect(Math.max(...out)).to.be.within(0.5, 1);
    const asked: unknown[] = [];
    const uniform = (...args: unknown[]) => {
      asked.push(args);
      return tf.zeros([2, 3]);
    };
    sampleNoise({ uniform, normal: () => expect.fail('normal noise') }, 2, 3);
    expect(asked).to.deep.equal([[[2, 3], -1, 1]]);
  });
});
