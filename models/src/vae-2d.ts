import {
  binarise,
  boundCurves,
  classInterpolation,
  count,
  dataSpace,
  defineRecipe,
  evaluateAll,
  firstBatchElbo,
  gaussian,
  gaussianOf,
  judged,
  latentModel,
  latentNeighbours,
  latentScatter,
  likelihood,
  logLikelihoodBernoulli,
  logLikelihoodNormal,
  manifold,
  mlp,
  positive,
  progress,
  reconstructions,
  type StepRandom,
  sampleBernoulli,
  samples,
  takeTraining,
  tf,
  variationalLoss,
  variationalOptions,
} from '@onnx-forge/train';

/** log N(z; mu, diag(s2)), [batch, dimensions] -> [batch], nats. */
export function logpdfDiagonalGaussian(z: tf.Tensor, mu: tf.Tensor, s2: tf.Tensor): tf.Tensor {
  return logLikelihoodNormal({ mu, logVar: s2.log() }, z);
}

/** log Bernoulli(x; p), summed over pixels, [batch, pixels] -> [batch], nats. */
export function logpdfBernoulli(x: tf.Tensor, p: tf.Tensor): tf.Tensor {
  return logLikelihoodBernoulli(p, x);
}

/** One reparameterised draw from N(mu, diag(s2)) per example, [batch, dimensions]. */
export function sampleDiagonalGaussian(mu: tf.Tensor, s2: tf.Tensor, rng: StepRandom): tf.Tensor {
  return gaussianOf(mu, s2.log()).sample(rng);
}

export { sampleBernoulli };

const LATENT_DIM = 2;

/**
 * Variational autoencoder with a two-dimensional latent space, that can be drawn (CS446, homework 5, question 2): tanh
 * layers of 500 units, the ELBO in its joint one-sample form log p(x|z) + log p(z) - log q(z|x), and the first 10,000
 * images of MNIST, rounded and in the file's order, as in the course.
 */
export default defineRecipe({
  name: 'vae-2d',
  task: 'variational autoencoder with a latent space of two dimensions, to look at',
  source: 'Kingma & Welling 2014, figure 4; CS446 homework 5, question 2',
  data: {
    real: 'mnist',
    embedded: 'synthetic-digits',
    own: 'images, a folder for each class, 28 x 28 in grey (--resize 28x28 --grey)',
  },
  options: {
    hiddenDim: 500,
    trainingImages: count(10_000),
    shuffle: false,
    ...variationalOptions('joint'),
    learningRate: positive(1e-3),
    batchSize: 100,
    epochs: 200,
  },
  presets: {
    small: { epochs: 10 },
    full: { trainingImages: 60_000, shuffle: true },
  },

  prepare: (dataSet, { trainingImages }) => takeTraining(binarise(dataSet, 'threshold', 0), trainingImages),
  // The classes are for the figures; no step reads them.
  batch: { x: { shape: [784], image: [28, 28, 1] }, label: { shape: [], dtype: 'int32' } },

  nets({ hiddenDim }, { fanInUniform: kernel, fanInUniformBias: bias }) {
    const activation = 'tanh';
    return {
      encoder: mlp([784, hiddenDim, 2 * LATENT_DIM], { activation, kernel, bias }),
      decoder: mlp([LATENT_DIM, hiddenDim, 784], { activation, kernel, bias }),
    };
  },

  steps: {
    elbo: {
      updates: ['encoder', 'decoder'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss({ encoder, decoder }, { x }, rng, options) {
        const q = gaussian(encoder.apply(x)); // mu, log s2: [batch, 2]
        const decode = (z: tf.Tensor) => decoder.apply(z); // logits: [rows, 784]
        return variationalLoss({ x, q, decode }, rng, options); // loss, reconstruction, kl: nats per image
      },
    },
  },

  snapshots: () => ({ atSteps: [0], atEpochs: [1, 5, 10, 20, 50, 100] }),

  serves: ({ encoder, decoder }) =>
    latentModel({
      latentDim: LATENT_DIM,
      image: { height: 28, width: 28, channels: 1 },
      posterior: (x) => gaussian(encoder.apply(x)),
      logits: (z) => decoder.apply(z),
    }),

  // What the assignment's loop prints.
  watch: firstBatchElbo(),

  evaluate: evaluateAll(likelihood({ samples: 200 }), latentNeighbours({ k: 10 }), judged),

  figures: {
    dataSpace,
    latentSpace: latentScatter,
    classInterpolation,
    manifold,
    samples,
    progress,
    reconstructions,
    curves: boundCurves({
      lines: [{ name: 'first minibatch', kind: 'validation', metric: 'firstBatchElbo' }],
      domain: [-240, -100],
    }),
  },
});
