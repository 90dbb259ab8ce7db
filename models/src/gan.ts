import {
  adversarialLosses,
  bceLoss,
  beliefs,
  count,
  defineRecipe,
  discriminatorAccuracy,
  evaluateAll,
  fraction,
  generatorModel,
  grids,
  type Initializers,
  interpolation,
  judged,
  meanProbability,
  type Network,
  oneOf,
  perturbation,
  positive,
  progress,
  type StepRandom,
  samples,
  sequential,
  snapshots,
  tf,
} from '@onnx-forge/train';

const { layers } = tf;

/**
 * Uniform noise in (-1, 1), [batch, latentDim]. Both steps draw their own (Goodfellow et al. 2014, algorithm 1), where the
 * assignment's loop uses that of the discriminator's step again.
 */
export function sampleNoise(rng: StepRandom, batch: number, latentDim: number): tf.Tensor {
  return rng.uniform([batch, latentDim], -1, 1);
}

/** Images [batch, 784] in [0, 1] -> logit that they are real, [batch, 1]. The table's maps, times `width`. */
export function DNet(init: Initializers, width = 1): Network {
  const conv = (maps: number, padding: 'same' | 'valid') =>
    layers.conv2d({ filters: width * maps, kernelSize: 3, padding, kernelInitializer: init.heUniform() });
  return sequential([
    layers.reshape({ inputShape: [784], targetShape: [28, 28, 1] }),
    conv(2, 'same'),
    layers.reLU(),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }), // 14 x 14
    conv(4, 'same'),
    layers.reLU(),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }), // 7 x 7
    conv(8, 'valid'), // 5 x 5
    layers.reLU(),
    layers.flatten(), // 200 * width
    layers.dense({ units: 1, kernelInitializer: init.heUniform() }),
  ]);
}

/** Noise [batch, latentDim] -> images [batch, 784] in [0, 1]. */
export function GNet(latentDim: number, init: Initializers): Network {
  const conv = (filters: number) =>
    layers.conv2d({ filters, kernelSize: 3, padding: 'same', kernelInitializer: init.heUniform() });
  const leakyRelu = () => layers.leakyReLU({ alpha: 0.2 });
  return sequential([
    layers.dense({ inputShape: [latentDim], units: 7 * 7 * 32, kernelInitializer: init.heUniform() }),
    leakyRelu(),
    layers.reshape({ targetShape: [7, 7, 32] }),
    layers.upSampling2d({ size: [2, 2] }), // nearest: 14 x 14
    conv(16),
    leakyRelu(),
    layers.upSampling2d({ size: [2, 2] }), // 28 x 28
    conv(8),
    leakyRelu(),
    conv(1),
    layers.activation({ activation: 'sigmoid' }),
    layers.flatten(),
  ]);
}

/** BCE(D(real), 1) + BCE(D(fake), 0), or half of it. Logits [batch, 1]. */
export function getLossD(real: tf.Tensor, fake: tf.Tensor, reduction: 'sum' | 'half-sum'): tf.Scalar {
  const sum = bceLoss(real, 1).add<tf.Scalar>(bceLoss(fake, 0));
  return reduction === 'sum' ? sum : sum.div(2);
}

/** BCE(D(fake), 1): the generator that does not saturate. Logits [batch, 1]. */
export function getLossG(fake: tf.Tensor): tf.Scalar {
  return bceLoss(fake, 1);
}

/** Images with Gaussian noise of their own on each pixel, of both kinds alike: a narrow difference is no longer certain. */
export function withNoise(images: tf.Tensor, rng: StepRandom, deviation: number): tf.Tensor {
  return deviation === 0 ? images : images.add(rng.normal(images.shape).mul(deviation));
}

interface AdamOptions {
  readonly learningRate: number;
  readonly beta1: number;
}

const adam = ({ learningRate, beta1 }: AdamOptions): tf.Optimizer => tf.train.adam(learningRate, beta1, 0.999, 1e-8);

/**
 * A small GAN (Goodfellow et al. 2014) with the networks of CS446/ECE449, homework 5, question 4: layer by layer as its
 * two tables have them, Kaiming-uniform weights, no bias at the start, nothing normalised. The defaults are the
 * assignment's settings, with which the discriminator of 2, 4 and 8 maps soon can't tell samples from images; `tuned` keeps
 * the networks and the losses, and lets the discriminator learn faster than the generator (Heusel et al. 2017).
 */
export default defineRecipe({
  name: 'gan',
  task: 'small GAN of digits, given layer by layer',
  source: 'Goodfellow et al. 2014; CS446/ECE449, homework 5, question 4',
  data: { real: 'mnist', embedded: 'synthetic-digits', own: 'images, 28 x 28 in grey (--resize 28x28 --grey)' },
  options: {
    latentDim: 64,
    learningRate: positive(2e-4),
    /** The discriminator's learning rate is so many times the generator's. */
    discriminatorRate: positive(1),
    /** So many times the 2, 4 and 8 maps of the assignment's discriminator. */
    discriminatorWidth: count(1),
    /** Standard deviation of the noise on every image that the discriminator sees (Sønderby et al. 2017); 0: none. */
    instanceNoise: fraction(0),
    beta1: fraction(0.9),
    schedule: 'constant',
    discriminatorLoss: oneOf('half-sum', 'sum'),
    batchSize: 256,
    epochs: 100,
  },
  presets: {
    tuned: { learningRate: 1e-3, discriminatorRate: 4, beta1: 0.5, schedule: 'cosine', batchSize: 64, epochs: 15 },
  },

  batch: { x: { shape: [784], image: [28, 28, 1] } },

  nets: ({ latentDim, discriminatorWidth }, init) => ({
    discriminator: DNet(init, discriminatorWidth),
    generator: GNet(latentDim, init),
  }),

  steps: {
    discriminator: {
      updates: ['discriminator'],
      optimizer: ({ learningRate, discriminatorRate, beta1 }) =>
        adam({ learningRate: discriminatorRate * learningRate, beta1 }),
      loss({ discriminator, generator }, { x }, rng, { latentDim, batchSize, discriminatorLoss, instanceNoise }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, latentDim));
        const judge = (images: tf.Tensor) => discriminator.apply(withNoise(images, rng, instanceNoise));
        const [real, made] = [judge(x), judge(fake)];
        return {
          loss: getLossD(real, made, discriminatorLoss),
          real: meanProbability(real),
          fake: meanProbability(made),
        };
      },
    },
    generator: {
      updates: ['generator'],
      optimizer: adam,
      loss({ discriminator, generator }, _batch, rng, { latentDim, batchSize, instanceNoise }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, latentDim));
        return { loss: getLossG(discriminator.apply(withNoise(fake, rng, instanceNoise))) };
      },
    },
  },

  snapshots: ({ epochs }) => ({
    atSteps: [0],
    atEpochs: Array.from({ length: Math.floor(epochs / 10) }, (_, ten) => 10 * (ten + 1)),
  }),

  serves: ({ discriminator, generator }, { latentDim }) =>
    generatorModel({
      latentDim,
      prior: 'uniform',
      image: { height: 28, width: 28, channels: 1, range: [0, 1] },
      generate: (z) => generator.apply(z),
      discriminate: (image) => discriminator.apply(image),
    }),

  evaluate: evaluateAll(discriminatorAccuracy, judged),

  figures: {
    samples,
    snapshots,
    grids,
    progress,
    interpolation,
    perturbation,
    losses: adversarialLosses,
    beliefs,
  },
});
