/** One of examples/tfjs-programs, and how much of it is run. */
export interface Program {
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Training steps between two of its lines of progress (`epoch 3: ...`). */
  readonly stepsPerLine: number;
  /** Its command-line arguments: the first is the number of epochs or steps. */
  readonly args: {
    /** A few training steps: seconds on tfjs's cpu backend. */
    readonly short: readonly number[];
    /** At least 100 training steps, of small batches where tfjs's cpu backend is slow. */
    readonly long: readonly number[];
    /** The run that is timed. */
    readonly timed: readonly number[];
    /** The same on backends that take seconds a step. */
    readonly slow?: readonly number[];
  };
}

export const PROGRAMS: readonly Program[] = [
  {
    name: 'iris',
    title: 'iris: dense, batch 30',
    stepsPerLine: 5,
    args: { short: [4], long: [20], timed: [60] },
  },
  {
    name: 'polynomial',
    title: 'polynomial: core API, 100 points',
    stepsPerLine: 10,
    args: { short: [30], long: [100], timed: [1000] },
  },
  {
    name: 'boston',
    title: 'boston: dense, batch 40',
    stepsPerLine: 7,
    args: { short: [2], long: [20], timed: [40] },
  },
  {
    name: 'mnist-convnet',
    title: 'MNIST convnet: 28 x 28, batch 64',
    stepsPerLine: 9,
    args: { short: [1, 24], long: [100, 12], timed: [12], slow: [2] },
  },
  {
    name: 'transfer-learning',
    title: 'transfer learning: 16 x 16, batch 16',
    stepsPerLine: 9,
    args: { short: [1, 32], long: [100, 12], timed: [12], slow: [2] },
  },
  {
    name: 'lstm-text-generation',
    title: 'LSTM text generation: 16 characters, 64 units, batch 32',
    stepsPerLine: 10,
    args: { short: [1, 64], long: [10], timed: [10], slow: [3] },
  },
  {
    name: 'addition-rnn',
    title: 'addition RNN: two LSTMs of 64 units, batch 64',
    stepsPerLine: 10,
    args: { short: [2, 128], long: [50, 128], timed: [10], slow: [3] },
  },
  {
    name: 'sentiment-cnn',
    title: 'sentiment CNN: 24 words, batch 32',
    stepsPerLine: 8,
    args: { short: [1, 40], long: [100, 10], timed: [15], slow: [2] },
  },
  {
    name: 'cart-pole',
    title: 'cart-pole: a game of some 30 moves',
    stepsPerLine: 1,
    args: { short: [3], long: [100], timed: [60] },
  },
  {
    name: 'vae',
    title: 'VAE: 256-128-2-128-256, batch 64',
    stepsPerLine: 10,
    args: { short: [20], long: [100], timed: [200], slow: [60] },
  },
  {
    name: 'gan',
    title: 'GAN: 16 x 16, both optimizers, batch 16',
    stepsPerLine: 10,
    args: { short: [2], long: [100], timed: [100], slow: [20] },
  },
  {
    name: 'custom-layer',
    title: 'custom layer: batch 20',
    stepsPerLine: 8,
    args: { short: [3], long: [20], timed: [40] },
  },
  {
    name: 'data-pipeline',
    title: 'tf.data pipeline: batch 32',
    stepsPerLine: 10,
    args: { short: [2], long: [10], timed: [20] },
  },
];
