import {
  binarisationOptions,
  binarise,
  binaryImages,
  defineRecipe,
  elboCurves,
  estimatorsByDimension,
  estimatorsBySamples,
  evaluateAll,
  gaussian,
  grids,
  interpolation,
  judged,
  latentModel,
  likelihood,
  likelihoodGap,
  mlp,
  perturbation,
  positive,
  progress,
  reconstructions,
  samples,
  snapshots,
  tf,
  variationalLoss,
  variationalOptions,
} from '@onnx-forge/train';

/**
 * Variational autoencoder of dense layers with a 20-dimensional latent space (3MD3020, part A, question 9), and the two
 * estimators of log p(x): draws from the prior, and importance sampling from q(z|x).
 */
export default defineRecipe({
  name: 'vae-mlp',
  task: 'variational autoencoder of dense layers: prior Monte Carlo against importance sampling',
  source: 'Kingma & Welling 2014; 3MD3020 (MVA), part A, questions 1-10',
  data: {
    real: 'binarized-mnist',
    embedded: 'synthetic-digits+threshold',
    own: 'images, 28 x 28 in grey (--resize 28x28 --grey)',
  },
  options: {
    latentDim: 20,
    hiddenDim: 400,
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

  nets({ latentDim, hiddenDim }, { fanInUniform: kernel, fanInUniformBias: bias }) {
    const activation = 'elu';
    return {
      encoder: mlp([784, hiddenDim, hiddenDim, 2 * latentDim], { activation, kernel, bias }),
      decoder: mlp([latentDim, hiddenDim, hiddenDim, 784], { activation, kernel, bias }),
    };
  },

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
      track: { examples: 500, samples: 50 },
    }),

  evaluate: evaluateAll(likelihood({ samples: 200 }), judged),

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
    estimators: estimatorsBySamples({ examples: 100, samples: [1, 3, 10, 32, 100, 316, 1000] }),
    dimension: estimatorsByDimension,
  },
});
