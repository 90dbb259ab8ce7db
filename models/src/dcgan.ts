import {
  adversarialLosses,
  batchNormalisation,
  bceLoss,
  beliefs,
  count,
  defineRecipe,
  discriminatorAccuracy,
  discriminatorLoss,
  evaluateAll,
  generatorLoss,
  generatorModel,
  type Initializers,
  interpolation,
  judged,
  meanProbability,
  type Network,
  perturbation,
  positive,
  progress,
  real,
  type StepRandom,
  samples,
  sequential,
  snapshots,
  tf,
} from '@onnx-forge/train';

const { layers } = tf;

/** Uniform noise in (-1, 1), [batch, noiseDim]. */
export function sampleNoise(rng: StepRandom, batch: number, noiseDim: number): tf.Tensor {
  return rng.uniform([batch, noiseDim], -1, 1);
}

/** Images [batch, 784] in [-1, 1] -> logit that they are real, [batch, 1]. */
export function buildDiscriminator(hiddenDim: number, init: Initializers): Network {
  const leakyRelu = () => layers.leakyReLU({ alpha: 0.01 });
  return sequential([
    layers.reshape({ inputShape: [784], targetShape: [28, 28, 1] }),
    layers.conv2d({ filters: 32, kernelSize: 5, kernelInitializer: init.fanInUniform() }), // valid padding: 24 x 24
    leakyRelu(),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.conv2d({ filters: 64, kernelSize: 5, kernelInitializer: init.fanInUniform() }), // 8 x 8
    leakyRelu(),
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.flatten(), // 4 * 4 * 64
    layers.dense({ units: hiddenDim, kernelInitializer: init.glorotUniform() }),
    leakyRelu(),
    layers.dense({ units: 1, kernelInitializer: init.glorotUniform() }),
  ]);
}

/** Noise [batch, noiseDim] -> images [batch, 784] in [-1, 1]. */
export function buildGenerator(noiseDim: number, hiddenDim: number, init: Initializers): Network {
  // Kernel 4, stride 2, padding 1 in PyTorch's terms: twice the size, which is tf's 'same'.
  const upsampling = { kernelSize: 4, strides: 2, padding: 'same' } as const;
  return sequential([
    layers.dense({
      inputShape: [noiseDim],
      units: hiddenDim,
      activation: 'relu',
      kernelInitializer: init.glorotUniform(),
    }),
    batchNormalisation(),
    layers.dense({ units: 7 * 7 * 128, activation: 'relu', kernelInitializer: init.glorotUniform() }),
    batchNormalisation(),
    layers.reshape({ targetShape: [7, 7, 128] }),
    layers.conv2dTranspose({ ...upsampling, filters: 64, activation: 'relu', kernelInitializer: init.glorotUniform() }), // 14 x 14
    batchNormalisation(),
    layers.conv2dTranspose({ ...upsampling, filters: 1, activation: 'tanh', kernelInitializer: init.glorotUniform() }), // 28 x 28
    layers.flatten(),
  ]);
}

/** Adam as the assignment sets it: betas (0.5, 0.999). */
export function getOptimizer({ learningRate, beta1 }: { learningRate: number; beta1: number }): tf.Optimizer {
  return tf.train.adam(learningRate, beta1, 0.999, 1e-8);
}

export { bceLoss, discriminatorLoss, generatorLoss };

/**
 * Deep convolutional GAN (Radford et al. 2016) with the networks and settings of EECS 498/598, homework 3, question 4.
 * Batch normalisation uses the batch's statistics in both steps and the moving averages in the exported graphs.
 */
export default defineRecipe({
  name: 'dcgan',
  task: 'deep convolutional GAN of digits',
  source: 'Radford et al. 2016; EECS 498/598 homework 3, question 4',
  data: { real: 'mnist', embedded: 'synthetic-digits', own: 'images, 28 x 28 in grey (--resize 28x28 --grey)' },
  options: {
    noiseDim: 96,
    hiddenDim: 1024,
    learningRate: positive(1e-3),
    beta1: real(0.5),
    batchSize: 128,
    epochs: 5,
    showEvery: count(250),
  },

  batch: { x: { shape: [784], image: [28, 28, 1], range: [-1, 1] } },

  nets: ({ noiseDim, hiddenDim }, init) => ({
    discriminator: buildDiscriminator(hiddenDim, init),
    generator: buildGenerator(noiseDim, hiddenDim, init),
  }),

  steps: {
    discriminator: {
      updates: ['discriminator'],
      optimizer: getOptimizer,
      loss({ discriminator, generator }, { x }, rng, { noiseDim, batchSize }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, noiseDim), { training: true });
        const [real, made] = [discriminator.apply(x), discriminator.apply(fake)]; // logits [batch, 1]
        return { loss: discriminatorLoss(real, made), real: meanProbability(real), fake: meanProbability(made) };
      },
    },
    generator: {
      updates: ['generator'],
      optimizer: getOptimizer,
      loss({ discriminator, generator }, _batch, rng, { noiseDim, batchSize }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, noiseDim), { training: true });
        return { loss: generatorLoss(discriminator.apply(fake)) };
      },
    },
  },

  snapshots: ({ showEvery }) => ({ everySteps: showEvery }),

  serves: ({ discriminator, generator }, { noiseDim }) =>
    generatorModel({
      latentDim: noiseDim,
      prior: 'uniform',
      image: { height: 28, width: 28, channels: 1, range: [-1, 1] },
      generate: (z) => generator.apply(z),
      discriminate: (image) => discriminator.apply(image),
    }),

  evaluate: evaluateAll(discriminatorAccuracy, judged),

  figures: {
    samples,
    snapshots,
    progress,
    interpolation,
    perturbation,
    losses: adversarialLosses,
    beliefs,
  },
});
