import {
  binarisationOptions,
  binarise,
  binaryImages,
  defineRecipe,
  elboCurves,
  estimatorsBySamples,
  evaluateAll,
  gaussian,
  grids,
  type Initializers,
  interpolation,
  judged,
  latentModel,
  likelihood,
  likelihoodGap,
  type Network,
  perturbation,
  positive,
  progress,
  reconstructions,
  samples,
  sequential,
  snapshots,
  tf,
  variationalLoss,
  variationalOptions,
} from '@onnx-forge/train';

const { layers } = tf;

/** Images [batch, 784] -> mu and logVar, [batch, 2 * latentDim]: strided convolutions down to 7 x 7. */
export function buildEncoder(latentDim: number, init: Initializers): Network {
  const half = { kernelSize: 4, strides: 2, padding: 'same', activation: 'elu' } as const;
  return sequential([
    layers.reshape({ inputShape: [784], targetShape: [28, 28, 1] }),
    layers.conv2d({ ...half, filters: 32, kernelInitializer: init.glorotUniform() }), // 14 x 14
    layers.conv2d({ ...half, filters: 64, kernelInitializer: init.glorotUniform() }), // 7 x 7
    layers.flatten(),
    layers.dense({ units: 256, activation: 'elu', kernelInitializer: init.glorotUniform() }),
    layers.dense({ units: 2 * latentDim, kernelInitializer: init.glorotUniform() }),
  ]);
}

/** z [batch, latentDim] -> logits [batch, 784]: the encoder's way back. */
export function buildDecoder(latentDim: number, init: Initializers): Network {
  const double = { kernelSize: 4, strides: 2, padding: 'same', activation: 'elu' } as const;
  return sequential([
    layers.dense({ inputShape: [latentDim], units: 256, activation: 'elu', kernelInitializer: init.glorotUniform() }),
    layers.dense({ units: 7 * 7 * 64, activation: 'elu', kernelInitializer: init.glorotUniform() }),
    layers.reshape({ targetShape: [7, 7, 64] }),
    layers.conv2dTranspose({ ...double, filters: 32, kernelInitializer: init.glorotUniform() }), // 14 x 14
    layers.conv2dTranspose({ ...double, filters: 16, kernelInitializer: init.glorotUniform() }), // 28 x 28
    layers.conv2d({ filters: 1, kernelSize: 3, padding: 'same', kernelInitializer: init.glorotUniform() }),
    layers.flatten(),
  ]);
}

/**
 * Variational autoencoder of convolutions with a 20-dimensional latent space (3MD3020, part A, question 11). The networks
 * have the shape of a U-Net, down to 7 x 7 and up again, but without its skips: a skip from x to p(x|z) would show the
 * decoder the image, and there would be no samples from the prior.
 */
export default defineRecipe({
  name: 'vae-conv',
  task: 'variational autoencoder of convolutions: what they gain over dense layers',
  source: 'Kingma & Welling 2014; Ronneberger et al. 2015; 3MD3020 (MVA), part A, question 11',
  data: {
    real: 'binarized-mnist',
    embedded: 'synthetic-digits+threshold',
    own: 'images, 28 x 28 in grey (--resize 28x28 --grey)',
  },
  options: {
    latentDim: 20,
    ...variationalOptions('elbo'),
    ...binarisationOptions(),
    learningRate: positive(1e-3),
    schedule: 'cosine',
    batchSize: 64,
    epochs: 80,
  },
  presets: { small: { epochs: 10 } },

  prepare: (dataSet, { binarisation }) => binarise(dataSet, binarisation, 0),
  batch: { x: { shape: [784], image: [28, 28, 1] } },

  nets: ({ latentDim }, init) => ({
    encoder: buildEncoder(latentDim, init),
    decoder: buildDecoder(latentDim, init),
  }),

  steps: {
    elbo: {
      updates: ['encoder', 'decoder'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss({ encoder, decoder }, batch, rng, options) {
        const x = binaryImages(batch.x, rng, options); // [batch, 784]
        const q = gaussian(encoder.apply(x)); // mu, logVar: [batch, latentDim]
        const decode = (z: tf.Tensor) => decoder.apply(z); // logits: [rows, 784]
        return variationalLoss({ x, q, decode }, rng, options); // loss, reconstruction, kl: nats per image
      },
    },
  },

  snapshots: () => ({ atSteps: [0], atEpochs: [10, 80] }),

  serves: ({ encoder, decoder }, { latentDim }) =>
    latentModel({
      latentDim,
      image: { height: 28, width: 28, channels: 1 },
      posterior: (x) => gaussian(encoder.apply(x)),
      logits: (z) => decoder.apply(z),
      track: { examples: 200, samples: 50 },
    }),

  evaluate: evaluateAll(likelihood({ samples: 200, examples: 1000 }), judged),

  figures: {
    samples,
    snapshots,
    grids,
    progress,
    reconstructions,
    interpolation,
    perturbation,
    curves: elboCurves,
    gap: likelihoodGap,
    estimators: estimatorsBySamples({ examples: 25, samples: [1, 3, 10, 32, 100, 316, 1000] }),
  },
});
