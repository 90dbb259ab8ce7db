import { Random } from '@onnx-forge/infer';
import gan, { DNet, GNet, getLossD, getLossG, sampleNoise, withNoise } from '@onnx-forge/models/gan';
import { defineRecipe, generatorModel, type Network, type StepRandom, tf, useBackend } from '@onnx-forge/train';
import { CompiledEngine } from '@onnx-forge/train/engine';
import { networkWeights, seededInitializers } from '@onnx-forge/train/layers';
import { recipeOptions } from '@onnx-forge/train/recipe';
import { expect } from 'chai';

describe('gan', () => {
  before(() => useBackend('cpu'));

  const init = () => seededInitializers(new Random(1));
  const shapes = ({ weights }: Network) => weights.map(({ variable }) => variable.shape);

  it('has the layers of the two tables', () => {
    // Kernels [height, width, in, out]: 2, 4 and 8 maps, then 200 inputs (no padding in the third convolution).
    expect(shapes(DNet(init()))).to.deep.equal([
      [3, 3, 1, 2],
      [2],
      [3, 3, 2, 4],
      [4],
      [3, 3, 4, 8],
      [8],
      [200, 1],
      [1],
    ]);
    expect(shapes(GNet(64, init()))).to.deep.equal([
      [64, 1568],
      [1568],
      [3, 3, 32, 16],
      [16],
      [3, 3, 16, 8],
      [8],
      [3, 3, 8, 1],
      [1],
    ]);
  });

  it('starts from weights in +-sqrt(6 / fan in) that fill the interval, and from zero biases', () => {
    for (const net of [DNet(init()), GNet(64, init())]) {
      for (const { variable, name } of net.weights) {
        const values = [...variable.dataSync()];
        if (name.endsWith('bias')) {
          expect(values.every((value) => value === 0)).to.equal(true);
          continue;
        }
        const fanIn = variable.shape.slice(0, -1).reduce((product, size) => product * size, 1);
        const bound = Math.sqrt(6 / fanIn);
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(largest, name).to.be.within(0.8 * bound, bound);
      }
    }
  });

  it('draws images between 0 and 1, and one logit for each', () => {
    const z = tf.randomUniform([3, 64], -1, 1, 'float32', 1);
    const images = GNet(64, init()).apply(z);
    expect(images.shape).to.deep.equal([3, 784]);
    for (const value of images.dataSync()) expect(value).to.be.within(0, 1);
    expect(DNet(init()).apply(images).shape).to.deep.equal([3, 1]);
  });

  it('sums the losses of the discriminator, or halves the sum; log 2 and 2 log 2 when it can tell nothing', () => {
    const [zero, one] = [tf.zeros([4, 1]), tf.ones([4, 1])];
    expect(getLossD(zero, zero, 'sum').dataSync()[0]).to.be.closeTo(2 * Math.log(2), 1e-6);
    expect(getLossD(zero, zero, 'half-sum').dataSync()[0]).to.be.closeTo(Math.log(2), 1e-6);
    // -log sigmoid(1) = log(1 + 1/e) for real images, log 2 for the others.
    const log = Math.log(1 + Math.exp(-1));
    expect(getLossD(one, zero, 'sum').dataSync()[0]).to.be.closeTo(log + Math.log(2), 1e-6);
    expect(getLossG(one).dataSync()[0]).to.be.closeTo(log, 1e-6);
  });

  /** tfjs's cpu gradient of the nearest-neighbour resize is wrong for any example of a batch but the first. */
  it("the compiled generator's gradient is the mean of tfjs's for each image by itself", async () => {
    const recipe = defineRecipe({
      name: 'gan-gradient',
      task: 'one step of plain gradient descent on given noise',
      source: 'this test',
      data: { real: 'mnist', embedded: 'synthetic-digits' },
      options: { batchSize: 2, epochs: 1 },
      batch: { z: { shape: [64] } },
      nets: (_, init) => ({ discriminator: DNet(init), generator: GNet(64, init) }),
      steps: {
        generator: {
          updates: ['generator'],
          optimizer: () => tf.train.sgd(1),
          loss: ({ discriminator, generator }, { z }) => ({
            loss: getLossG(discriminator.apply(generator.apply(z))),
          }),
        },
      },
      serves: ({ discriminator, generator }) =>
        generatorModel({
          latentDim: 64,
          prior: 'uniform',
          image: { height: 28, width: 28, channels: 1, range: [0, 1] },
          generate: (z) => generator.apply(z),
          discriminate: (image) => discriminator.apply(image),
        }),
    });
    const options = recipeOptions(recipe);
    const nets = recipe.nets(options, init(), { vocabularies: {} }) as { discriminator: Network; generator: Network };
    const weights = networkWeights(nets, ['generator']);
    const noise = new Random(2).fillUniform(new Float32Array(2 * 64), -1, 1);
    const before = weights.map(({ variable }) => variable.dataSync().slice());
    const wanted = before.map((values) => new Float64Array(values.length));
    for (let image = 0; image < 2; image++) {
      const z = tf.tensor2d(noise.slice(64 * image, 64 * (image + 1)), [1, 64]);
      const loss = () => getLossG(nets.discriminator.apply(nets.generator.apply(z)));
      const variables = weights.map(({ variable }) => variable);
      const { grads } = tf.variableGrads(loss, variables);
      for (const [i, { name }] of variables.entries()) {
        for (const [k, value] of grads[name]!.dataSync().entries()) wanted[i]![k]! += value / 2;
      }
    }
    const parts = { recipe, nets, options, random: new Random(3) };
    const engine = await CompiledEngine.compile(parts, { batchSize: 2, device: 'cpu', threads: 1 });
    await engine.run('generator', { z: noise });
    const after = await engine.state();
    await engine.dispose();
    for (const [i, { name }] of weights.entries()) {
      const found = before[i]!.map((value, k) => value - after[name]!.data[k]!);
      const size = Math.max(...wanted[i]!.map(Math.abs));
      for (const [k, value] of found.entries()) expect(value, name).to.be.closeTo(wanted[i]![k]!, 1e-3 * size + 1e-6);
    }
  });

  it('asks for noise that is uniform in (-1, 1)', () => {
    const asked: unknown[] = [];
    const rng: StepRandom = {
      normal: () => expect.fail('the noise is not normal'),
      uniform: (shape, low, high) => {
        asked.push([shape, low, high]);
        return tf.zeros([...shape]);
      },
    };
    sampleNoise(rng, 5, 64);
    expect(asked).to.deep.equal([[[5, 64], -1, 1]]);
  });

  /** Noise of ones, so that what was added can be read off. */
  const ones: StepRandom = { normal: (shape) => tf.ones([...shape]), uniform: (shape) => tf.zeros([...shape]) };

  it('adds noise of the deviation to images, and draws none for a deviation of 0', () => {
    const images = tf.fill([2, 784], 0.5);
    expect(withNoise(images, ones, 0)).to.equal(images);
    expect([...withNoise(images, ones, 0.1).dataSync()]).to.satisfy((all: number[]) =>
      all.every((value) => Math.abs(value - 0.6) < 1e-6),
    );
  });

  it('shows the discriminator noise on real and on made images, in both steps', () => {
    const seen: number[] = [];
    const discriminator = {
      apply: (images: tf.Tensor) => {
        seen.push(images.min().dataSync()[0]!);
        return tf.zeros([2, 1]);
      },
    } as unknown as Network;
    const generator = { apply: () => tf.fill([2, 784], 0.25) } as unknown as Network;
    const options = recipeOptions(gan, { set: { instanceNoise: 0.5, batchSize: 2 } });
    const batch = { x: tf.fill([2, 784], 0.75) };
    for (const step of Object.values(gan.steps)) step.loss({ discriminator, generator }, batch, ones, options);
    expect(seen).to.deep.equal([1.25, 0.75, 0.75]);
  });
});
