import {
  binarise,
  count,
  defineRecipe,
  elboCurves,
  evaluateAll,
  gaussian,
  interpolation,
  judged,
  likelihood,
  mlp,
  oneOf,
  positive,
  progress,
  reconstructions,
  sampleBernoulli,
  samples,
  tf,
  twoLayerLoss,
  twoLayerModel,
} from '@onnx-forge/train';

/**
 * Importance-weighted autoencoder with two stochastic layers (Burda, Grosse, Salakhutdinov 2016, section 5 and figure 1b):
 * z1 of 100 dimensions below z2 of 50, tanh layers of 200 units between image and z1, of 100 between z1 and z2. It is trained
 * on the K-sample bound; grey images are made black and white anew in every step.
 */
export default defineRecipe({
  name: 'iwae',
  task: 'importance-weighted autoencoder of two stochastic layers: a tighter bound on log p(x)',
  source: 'Burda, Grosse & Salakhutdinov 2016; Tucker et al. 2019 (dreg)',
  data: {
    real: 'mnist+dynamic',
    embedded: 'synthetic-digits+dynamic',
    own: 'images, 28 x 28 in grey (--resize 28x28 --grey)',
  },
  options: {
    lowerDim: 100,
    upperDim: 50,
    hiddenDim: 200,
    upperHiddenDim: 100,
    objective: oneOf('iwae', 'dreg', 'joint'),
    importanceSamples: count(5),
    learningRate: positive(1e-3),
    schedule: 'cosine',
    batchSize: 20,
    epochs: 80,
  },
  presets: { small: { epochs: 5, batchSize: 100 }, paper: { importanceSamples: 50, epochs: 3280 } },

  prepare: (dataSet) => binarise(dataSet, 'dynamic', 0),
  batch: { x: { shape: [784], image: [28, 28, 1] } },

  nets({ lowerDim, upperDim, hiddenDim, upperHiddenDim }, { glorotUniform: kernel }) {
    const layers = { activation: 'tanh', kernel } as const;
    return {
      lowerEncoder: mlp([784, hiddenDim, hiddenDim, 2 * lowerDim], layers), // q(z1|x)
      upperEncoder: mlp([lowerDim, upperHiddenDim, upperHiddenDim, 2 * upperDim], layers), // q(z2|z1)
      upperDecoder: mlp([upperDim, upperHiddenDim, upperHiddenDim, 2 * lowerDim], layers), // p(z1|z2)
      // p(x|z1). The logits begin near that of the mean pixel, 0.13.
      lowerDecoder: mlp([lowerDim, hiddenDim, hiddenDim, 784], { ...layers, outputBias: -2 }),
    };
  },

  steps: {
    elbo: {
      updates: 'all',
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-4),
      loss({ lowerEncoder, upperEncoder, upperDecoder, lowerDecoder }, batch, rng, options) {
        const x = sampleBernoulli(batch.x, rng); // [batch, 784]
        const model = {
          q: gaussian(lowerEncoder.apply(x)), // mu, logVar: [batch, lowerDim]
          infer: (z1: tf.Tensor) => upperEncoder.apply(z1), // [rows, 2 * upperDim]
          generate: (z2: tf.Tensor) => upperDecoder.apply(z2), // [rows, 2 * lowerDim]
          decode: (z1: tf.Tensor) => lowerDecoder.apply(z1), // logits: [rows, 784]
        };
        return twoLayerLoss({ x, ...model }, rng, options); // loss, reconstruction, kl: nats per image
      },
    },
  },

  snapshots: () => ({ atSteps: [0], atEpochs: [1, 10] }),

  serves: ({ lowerEncoder, upperEncoder, upperDecoder, lowerDecoder }, { lowerDim, upperDim }) =>
    twoLayerModel({
      lower: lowerDim,
      upper: upperDim,
      image: { height: 28, width: 28, channels: 1 },
      posterior: (x) => gaussian(lowerEncoder.apply(x)),
      infer: (z1) => upperEncoder.apply(z1),
      generate: (z2) => upperDecoder.apply(z2),
      decode: (z1) => lowerDecoder.apply(z1),
      track: { examples: 500, samples: 50 },
    }),

  evaluate: evaluateAll(likelihood({ samples: 200 }), judged),

  figures: {
    samples,
    progress,
    reconstructions,
    interpolation,
    curves: elboCurves,
  },
});
