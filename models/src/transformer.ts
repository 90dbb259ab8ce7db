import {
  CausalTransformer,
  CHARACTERS,
  characterWindows,
  count,
  curves,
  defineRecipe,
  dropout,
  fraction,
  gradientFlow,
  gradientGraph,
  gradientsByDepth,
  gradientsInTraining,
  languageModel,
  nextTokenLoss,
  oneOf,
  positive,
  textLikelihood,
  tf,
  writtenText,
} from '@onnx-forge/train';

/**
 * A small decoder-only transformer that predicts the next character (Vaswani et al. 2017; the sizes and settings are
 * nanoGPT's for a CPU). `normalisation` is where a block normalises, pre-LN or post-LN; without `feedForward` the blocks
 * are Eq. 21 and 22 of the MVA assignment, x + A(LN(x)) and LN(x + A(x)).
 */
export default defineRecipe({
  name: 'transformer',
  task: 'decoder-only transformer over characters, pre-LN or post-LN',
  source: '3MD3020 (MVA) assignment 1, questions 15-17; Xiong et al. 2020; nanoGPT',
  data: { real: 'tinyshakespeare', embedded: 'synthetic-text', own: 'a .txt file' },
  options: {
    layers: 4,
    heads: 4,
    width: 128,
    /** The most characters that it sees. The graphs leave the length free, which takes 32 of them. */
    blockSize: count(64, 32),
    normalisation: oneOf('pre', 'post'),
    feedForward: true,
    /** Standard deviation of the embeddings at the start: GPT-2's; 0.7 makes what enters the first block of variance 1. */
    embeddingScale: positive(0.02),
    dropoutRate: fraction(0),
    trainingCharacters: count(0, 0),
    /** Whether the gradient of every layer's input is watched. */
    gradientNorms: false,
    learningRate: positive(3e-3),
    warmupSteps: 100,
    schedule: 'cosine',
    batchSize: 12,
    epochs: 2,
  },
  presets: {
    context128: { blockSize: 128 },
  },

  batch: ({ blockSize }) => ({ tokens: { shape: [blockSize + 1], dtype: 'int32' } }),
  prepare: characterWindows,

  nets: (options, init, { vocabularies }) => ({
    transformer: new CausalTransformer({ ...options, vocabularySize: vocabularies[CHARACTERS]!.length }, init),
  }),

  steps: {
    predict: {
      updates: ['transformer'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate, 0.9, 0.99, 1e-8),
      clipNorm: () => 1,
      loss: ({ transformer }, { tokens }, rng, { dropoutRate }) => ({
        loss: nextTokenLoss(
          transformer,
          tokens,
          dropoutRate > 0 ? { onBranch: (added) => dropout(added, dropoutRate, rng) } : {},
        ),
      }),
    },
  },

  serves: ({ transformer }, { gradientNorms }) =>
    languageModel({
      transformer,
      vocabulary: CHARACTERS,
      tokeniser: 'characters',
      ...(gradientNorms && { graphs: gradientGraph(transformer) }),
    }),

  watch: gradientFlow,
  evaluate: textLikelihood,

  figures: {
    curves: curves({
      title: 'Predicting the next character',
      y: 'nats per character',
      lines: [
        { name: 'training', kind: 'train', metric: 'predict/loss' },
        { name: 'validation', kind: 'validation', metric: 'crossEntropy' },
      ],
    }),
    text: writtenText,
    gradients: gradientsInTraining,
    depths: gradientsByDepth,
  },
});
