import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import {
  type DataSet,
  defineRecipe,
  gaussian,
  latentModel,
  mlp,
  negativeElbo,
  positive,
  type Recipe,
  type Split,
  tf,
} from '@onnx-forge/train';

const PIXELS = 16;

/** Binary 4 x 4 images of one lit column or row: enough structure to learn, small enough for any test. */
export function tinyData(): DataSet {
  const random = new Random(7);
  const split = (size: number): Split => {
    const images = Array.from({ length: size }, () => {
      const [line, upright] = [random.integer(4), random.uniform() < 0.5];
      return Float32Array.from({ length: PIXELS }, (_, i) => Number((upright ? i % 4 : Math.floor(i / 4)) === line));
    });
    return {
      size,
      fields: {
        x: {
          shape: [4, 4, 1],
          dtype: 'float32',
          binary: true,
          read: (index, out, offset) => out.set(images[index]!, offset),
        },
      },
    };
  };
  return {
    name: 'tiny',
    splits: { train: split(80), validation: split(20), test: split(20) },
    files: [],
    embedded: true,
  };
}

/** A VAE small enough to train in a blink: 10 iterations an epoch. */
export const tinyRecipe: Recipe = defineRecipe({
  name: 'tiny',
  task: 'a test',
  source: 'none',
  data: { real: 'tiny', embedded: 'tiny' },
  options: { latentDim: 2, learningRate: positive(0.01), batchSize: 8, epochs: 2 },
  presets: { wide: { latentDim: 3 } },
  batch: { x: { shape: [PIXELS] } },
  nets: ({ latentDim }, init) => ({
    encoder: mlp([PIXELS, 8, 2 * latentDim], { activation: 'tanh', kernel: init.glorotUniform }),
    decoder: mlp([latentDim, 8, PIXELS], { activation: 'tanh', kernel: init.glorotUniform }),
  }),
  steps: {
    elbo: {
      updates: ['encoder', 'decoder'],
      optimizer: ({ learningRate }) => tf.train.adam(learningRate),
      loss({ encoder, decoder }, { x }, rng) {
        const q = gaussian(encoder.apply(x));
        return negativeElbo({ x, q, logits: decoder.apply(q.sample(rng)) });
      },
    },
  },
  snapshots: () => ({ atSteps: [0], everySteps: 7, atEpochs: [1] }),
  serves: ({ encoder, decoder }, { latentDim }) =>
    latentModel({
      latentDim,
      image: { height: 4, width: 4, channels: 1 },
      posterior: (x) => gaussian(encoder.apply(x)),
      logits: (z) => decoder.apply(z),
    }),
});

/** Calls `use` with a new empty folder, which goes afterwards. */
export async function inTemporaryFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-test-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same with noise from tfjs's own layers on its images, and another optimizer. */
export function noisyRecipe(): Recipe {
  const layers = [tf.layers.dropout({ rate: 0.2 }), tf.layers.gaussianNoise({ stddev: 0.1 })];
  const elbo = tinyRecipe.steps.elbo!;
  return {
    ...tinyRecipe,
    steps: {
      elbo: {
        ...elbo,
        optimizer: ({ learningRate }) => tf.train.adagrad(Number(learningRate)),
        loss: (nets, { x }, rng, options) => {
          const noisy = layers.reduce((input, layer) => layer.apply(input, { training: true }) as tf.Tensor, x!);
          return elbo.loss(nets, { x: noisy }, rng, options);
        },
      },
    },
  };
}
