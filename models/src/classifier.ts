import {
  accuracy,
  classification,
  classifierModel,
  count,
  crossEntropy,
  curves,
  type DataFacts,
  defineRecipe,
  dropout,
  fraction,
  type Initializers,
  mistakes,
  type Network,
  positive,
  sequential,
  tf,
} from '@onnx-forge/train';

const { layers } = tf;
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Names of the classes: those of one's own data, else the digits. */
const classesOf = ({ vocabularies }: DataFacts) => vocabularies.label ?? DIGITS;

interface Size {
  /** Pixels of a side. */
  readonly imageSize: number;
  readonly channels: number;
}

const pixels = ({ imageSize, channels }: Size) => imageSize * imageSize * channels;

/** Images [batch, size * size * channels] in [0, 1] -> features [batch, featureDim]. Below: sizes for 28 x 28. */
export function buildBody({ imageSize, channels }: Size, featureDim: number, init: Initializers): Network {
  return sequential([
    layers.reshape({
      inputShape: [pixels({ imageSize, channels })],
      targetShape: [imageSize, imageSize, channels],
    }),
    layers.conv2d({ filters: 16, kernelSize: 5, activation: 'relu', kernelInitializer: init.heUniform() }), // 24 x 24
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.conv2d({ filters: 32, kernelSize: 5, activation: 'relu', kernelInitializer: init.heUniform() }), // 8 x 8
    layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    layers.flatten(), // 4 * 4 * 32
    layers.dense({ units: featureDim, activation: 'relu', kernelInitializer: init.heUniform() }),
  ]);
}

/**
 * A small convolutional classifier in the manner of LeNet-5 (LeCun et al. 1998). It reads the digits that generative
 * models draw, and lends them its last hidden layer as a feature space: the judge of `onnx-forge eval`. Its confidence
 * is not smoothed away, because the judge counts how many samples are read with certainty. With the preset `colour` it reads
 * 32 x 32 colour images (svhn, synthetic-house-numbers, cifar10), to judge models of those.
 */
export default defineRecipe({
  name: 'classifier',
  task: 'convolutional classifier of digits; the judge of generative models',
  source: 'LeCun, Bottou, Bengio & Haffner 1998',
  data: {
    real: 'mnist',
    embedded: 'synthetic-digits',
    own: 'images of two classes or more, a folder for each, 28 x 28 in grey (--resize 28x28 --grey); with --preset colour 32 x 32 in colour',
  },
  options: {
    imageSize: count(28, 16),
    channels: count(1),
    featureDim: count(128),
    dropoutRate: fraction(0.4),
    learningRate: positive(2e-3),
    schedule: 'cosine',
    batchSize: 64,
    epochs: 6,
  },

  presets: { colour: { imageSize: 32, channels: 3 } },

  batch: ({ imageSize, channels }, facts) => ({
    x: { shape: [pixels({ imageSize, channels })], image: [imageSize, imageSize, channels] },
    label: { shape: [], dtype: 'int32', below: classesOf(facts).length },
  }),

  nets: ({ featureDim, ...size }, init, facts) => ({
    body: buildBody(size, featureDim, init),
    head: sequential([
      layers.dense({
        inputShape: [featureDim],
        units: classesOf(facts).length,
        kernelInitializer: init.glorotUniform(),
      }),
    ]),
  }),

  steps: {
    classify: {
      updates: ['body', 'head'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss({ body, head }, { x, label }, rng, { dropoutRate }) {
        const logits = head.apply(dropout(body.apply(x), dropoutRate, rng)); // [batch, classes]
        return { loss: crossEntropy(logits, label), accuracy: accuracy(logits, label) };
      },
    },
  },

  serves: ({ body, head }, { featureDim, imageSize, channels }, facts) =>
    classifierModel({
      classes: classesOf(facts),
      featureDim,
      image: { height: imageSize, width: imageSize, channels, range: [0, 1] },
      features: (x) => body.apply(x),
      logits: (features) => head.apply(features),
    }),

  evaluate: classification,

  figures: {
    mistakes,
    curves: curves({
      title: 'Classifying digits',
      y: 'accuracy',
      lines: [
        { name: 'training, with dropout', kind: 'train', metric: 'classify/accuracy' },
        { name: 'validation', kind: 'validation', metric: 'accuracy' },
      ],
    }),
  },
});
