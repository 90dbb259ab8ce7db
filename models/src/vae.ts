import {
  binarisationOptions,
  binarise,
  binaryImages,
  defineRecipe,
  elboCurves,
  evaluateAll,
  gaussian,
  interpolation,
  judged,
  latentModel,
  likelihood,
  mlp,
  perturbation,
  positive,
  progress,
  reconstructions,
  samples,
  tf,
  variationalLoss,
  variationalOptions,
} from '@onnx-forge/train';

/**
 * Variational autoencoder with Bernoulli pixels (Kingma & Welling 2014), in the setting of IFT6135 (2022), assignment 3:
 * a 100-dimensional latent space, ELU networks 784-300-300-200 and 100-300-300-784.
 */
export default defineRecipe({
  name: 'vae',
  task: 'variational autoencoder of binary digits: ELBO, importance-sampled log-likelihood',
  source: 'Kingma & Welling 2014; IFT6135 2022, assignment 3, problem 1',
  data: {
    real: 'binarized-mnist',
    embedded: 'synthetic-digits+threshold',
    own: 'images, 28 x 28 in grey (--resize 28x28 --grey)',
  },
  options: {
    latentDim: 100,
    hiddenDim: 300,
    ...variationalOptions('elbo'),
    ...binarisationOptions(),
    learningRate: positive(3e-4),
    batchSize: 64,
    epochs: 20,
  },

  prepare: (dataSet, { binarisation }) => binarise(dataSet, binarisation, 0),
  batch: { x: { shape: [784], image: [28, 28, 1] } },

  nets({ latentDim, hiddenDim }, { fanInUniform: kernel, fanInUniformBias: bias }) {
    const activation = 'elu';
    return {
      encoder: mlp([784, hiddenDim, hiddenDim, 2 * latentDim], { activation, kernel, bias }),
      // The logits are the output - 5: most pixels are black.
      decoder: mlp([latentDim, hiddenDim, hiddenDim, 784], { activation, kernel, bias, outputBias: -5 }),
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

  snapshots: () => ({ atSteps: [0], atEpochs: [1, 2, 5, 10] }),

  serves: ({ encoder, decoder }, { latentDim }) =>
    latentModel({
      latentDim,
      image: { height: 28, width: 28, channels: 1 },
      posterior: (x) => gaussian(encoder.apply(x)),
      logits: (z) => decoder.apply(z),
    }),

  evaluate: evaluateAll(likelihood({ samples: 200 }), judged),

  figures: {
    samples,
    progress,
    reconstructions,
    interpolation,
    perturbation,
    curves: elboCurves,
  },
});
