import {
  adversarialLosses,
  bceLoss,
  defineRecipe,
  discriminatorAccuracy,
  generatorModel,
  mlp,
  positive,
  type Recipe,
  samples,
  tf,
} from '@onnx-forge/train';

const PIXELS = 16;

/** A GAN of two steps, small enough for a moment. */
const recipe: Recipe = defineRecipe({
  name: 'tiny-gan',
  task: 'a test',
  source: 'none',
  data: { real: 'tiny', embedded: 'tiny' },
  options: { latentDim: 2, learningRate: positive(0.01), batchSize: 8, epochs: 2 },
  batch: { x: { shape: [PIXELS] } },
  nets: ({ latentDim }, init) => ({
    discriminator: mlp([PIXELS, 6, 1], { activation: 'tanh', kernel: init.glorotUniform }),
    generator: mlp([latentDim, 6, PIXELS], { activation: 'tanh', kernel: init.glorotUniform }),
  }),
  steps: {
    discriminator: {
      updates: ['discriminator'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate),
      loss({ discriminator, generator }, { x }, rng, { latentDim, batchSize }) {
        const fake = generator.apply(rng.normal([batchSize, latentDim])).sigmoid();
        return { loss: bceLoss(discriminator.apply(x), 1).add<tf.Scalar>(bceLoss(discriminator.apply(fake), 0)) };
      },
    },
    generator: {
      updates: ['generator'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate),
      loss({ discriminator, generator }, _batch, rng, { latentDim, batchSize }) {
        const fake = generator.apply(rng.normal([batchSize, latentDim])).sigmoid();
        return { loss: bceLoss(discriminator.apply(fake), 1) };
      },
    },
  },
  snapshots: () => ({ atSteps: [0], everySteps: 3 }),
  serves: ({ discriminator, generator }, { latentDim }) =>
    generatorModel({
      latentDim,
      prior: 'normal',
      image: { height: 4, width: 4, channels: 1, range: [0, 1] },
      generate: (z) => generator.apply(z).sigmoid(),
      discriminate: (image) => discriminator.apply(image),
    }),
  evaluate: discriminatorAccuracy,
  figures: { samples, losses: adversarialLosses },
});
export default recipe;
