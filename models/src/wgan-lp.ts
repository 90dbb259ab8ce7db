import {
  batchNormalisation,
  criticEstimate,
  curves,
  defineRecipe,
  evaluateAll,
  generatorModel,
  type Initializers,
  interpolation,
  interpolationSharpness,
  judged,
  leakyReluLayer,
  lipschitzPenalty,
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
  wassersteinDistance,
} from '@onnx-forge/train';

const { layers } = tf;
const SIZE = 32;
const PIXELS = SIZE * SIZE * 3;

/** Normal noise, [batch, latentDim]. */
export function sampleNoise(rng: StepRandom, batch: number, latentDim: number): tf.Tensor {
  return rng.normal([batch, latentDim]);
}

/**
 * Images [batch, 3072] in [-1, 1] -> score [batch, 1]: `width`, 2 `width` and 4 `width` maps of 16 x 16, 8 x 8 and 4 x 4.
 * Nothing is normalised: the penalty is on the gradient for each single image.
 */
export function buildCritic(width: number, init: Initializers): Network {
  // Kernel 4, stride 2, padding 1 in PyTorch's terms: half the size, which is tf's 'same'.
  const conv = (filters: number, from: number) =>
    layers.conv2d({
      filters,
      kernelSize: 4,
      strides: 2,
      padding: 'same',
      kernelInitializer: init.fanInUniform(),
      biasInitializer: init.fanInUniformBias(4 * 4 * from),
    });
  return sequential([
    layers.reshape({ inputShape: [PIXELS], targetShape: [SIZE, SIZE, 3] }),
    conv(width, 3),
    leakyReluLayer(0.2),
    conv(2 * width, width),
    leakyReluLayer(0.2),
    conv(4 * width, 2 * width),
    leakyReluLayer(0.2),
    // 1 x 1. Without a bias: it would cancel in every difference of scores, and has no gradient.
    layers.conv2d({ filters: 1, kernelSize: 4, useBias: false, kernelInitializer: init.fanInUniform() }),
    layers.flatten(),
  ]);
}

/** Noise [batch, latentDim] -> images [batch, 3072] in [-1, 1]: 4 `width`, 2 `width` and `width` maps, then colours. */
export function buildGenerator(latentDim: number, width: number, init: Initializers): Network {
  const normalised = () => [batchNormalisation(), layers.activation({ activation: 'relu' })];
  const convTranspose = (filters: number, upsample: boolean) =>
    layers.conv2dTranspose({
      filters,
      kernelSize: 4,
      ...(upsample ? { strides: 2, padding: 'same' } : { padding: 'valid' }),
      kernelInitializer: init.fanInUniform(),
      // PyTorch takes the output's maps for the fan-in of a transposed convolution, as tf does for its kernel.
      biasInitializer: init.fanInUniformBias(4 * 4 * filters),
    });
  return sequential([
    layers.reshape({ inputShape: [latentDim], targetShape: [1, 1, latentDim] }),
    convTranspose(4 * width, false), // 4 x 4
    ...normalised(),
    convTranspose(2 * width, true), // 8 x 8
    ...normalised(),
    convTranspose(width, true), // 16 x 16
    ...normalised(),
    convTranspose(3, true), // 32 x 32
    layers.activation({ activation: 'tanh' }),
    layers.flatten(),
  ]);
}

/** Adam with betas (0.5, 0.9). */
const optimizer = ({ learningRate, beta1 }: { learningRate: number; beta1: number }): tf.Optimizer =>
  tf.train.adam(learningRate, beta1, 0.9, 1e-8);

/**
 * Wasserstein GAN whose critic is kept 1-Lipschitz by a one-sided gradient penalty (Petzka et al. 2018), with the
 * networks and settings of IFT6135 (2022), assignment 3, problem 2.
 */
export default defineRecipe({
  name: 'wgan-lp',
  task: 'Wasserstein GAN with Lipschitz penalty of 32 x 32 colour images',
  source: 'Petzka, Fischer & Lukovnikov 2018; IFT6135 2022, assignment 3, problem 2',
  data: { real: 'svhn', embedded: 'synthetic-house-numbers', own: 'images, 32 x 32 in colour (--resize 32x32)' },
  options: {
    latentDim: 100,
    width: 64,
    criticSteps: 5,
    penaltyWeight: positive(10),
    learningRate: positive(1e-4),
    beta1: real(0.5),
    batchSize: 64,
    // 50,000 iterations of five batches on SVHN.
    epochs: 243,
  },
  presets: {
    full: {},
    /** A narrow twin for two cores: minutes instead of days. */
    small: { width: 16, learningRate: 5e-4, epochs: 30 },
  },

  batch: { x: { shape: [PIXELS], image: [SIZE, SIZE, 3], range: [-1, 1] } },

  nets: ({ latentDim, width }, init) => ({
    critic: buildCritic(width, init),
    generator: buildGenerator(latentDim, width, init),
  }),

  steps: {
    critic: {
      updates: ['critic'],
      optimizer,
      times: ({ criticSteps }) => criticSteps,
      loss({ critic, generator }, { x }, rng, { latentDim, batchSize, penaltyWeight }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, latentDim), { training: true });
        const difference = wassersteinDistance(critic.apply(x), critic.apply(fake)); // to be minimised: -W at the optimum
        // One t per image, at a random point between a real and a generated one.
        const t = rng.uniform([batchSize], 0, 1);
        const penalty = lipschitzPenalty((images) => critic.apply(images), x, fake, t);
        return { loss: difference.add(penalty.mul(penaltyWeight)), distance: difference.neg(), penalty };
      },
    },
    generator: {
      updates: ['generator'],
      optimizer,
      loss({ critic, generator }, _batch, rng, { latentDim, batchSize }) {
        const fake = generator.apply(sampleNoise(rng, batchSize, latentDim), { training: true });
        return { loss: critic.apply(fake).mean<tf.Scalar>().neg() };
      },
    },
  },

  snapshots: () => ({ atSteps: [0, 100, 300, 1000, 3000, 10_000, 30_000] }),

  serves: ({ critic, generator }, { latentDim }) =>
    generatorModel({
      latentDim,
      prior: 'normal',
      image: { height: SIZE, width: SIZE, channels: 3, range: [-1, 1] },
      generate: (z) => generator.apply(z),
      discriminate: (image) => critic.apply(image),
    }),

  evaluate: evaluateAll(criticEstimate, interpolationSharpness, judged),

  figures: {
    samples,
    snapshots,
    progress,
    interpolation,
    perturbation,
    distance: curves({
      title: 'Wasserstein distance, as the critic estimates it',
      y: 'E critic(x) - E critic(G(z))',
      lines: [{ name: 'training', kind: 'train', metric: 'critic/distance' }],
    }),
    penalty: curves({
      title: 'Lipschitz penalty',
      y: 'E max(0, gradient norm - 1)^2',
      lines: [{ name: 'training', kind: 'train', metric: 'critic/penalty' }],
    }),
  },
});
