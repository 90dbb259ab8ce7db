/**
 * Transfer learning: features learned on the digits 0 to 4, frozen, under a new head for 5 to 9.
 * `node dist/transfer-learning.js [epochs] [examples]`
 */
import tf from '@onnx-forge/export/node';
import { digits } from './digits.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const EXAMPLES = Number(process.argv[3] ?? 160);
const SIZE = 16;
const CLASSES = 5;
const BATCH = 16;

interface Task {
  readonly xs: tf.Tensor4D;
  readonly ys: tf.Tensor2D;
}

function task(count: number, seed: number, first: number): Task {
  const classes = Array.from({ length: CLASSES }, (_, i) => first + i);
  const { images, labels } = digits(count, SIZE, seed, classes);
  return tf.tidy(() => ({
    xs: tf.tensor4d(images, [count, SIZE, SIZE, 1]),
    ys: tf.oneHot(tf.sub(tf.tensor1d(labels, 'int32'), tf.scalar(first, 'int32')), CLASSES) as tf.Tensor2D,
  }));
}

const featureLayers = [
  tf.layers.conv2d({ inputShape: [SIZE, SIZE, 1], kernelSize: 3, filters: 8, activation: 'relu' }),
  tf.layers.conv2d({ kernelSize: 3, filters: 8, activation: 'relu' }),
  tf.layers.maxPooling2d({ poolSize: 2 }),
  tf.layers.dropout({ rate: 0.25 }),
  tf.layers.flatten(),
];
const head = (): tf.layers.Layer[] => [
  tf.layers.dense({ units: 32, activation: 'relu' }),
  tf.layers.dropout({ rate: 0.5 }),
  tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
];

async function train(model: tf.Sequential, { xs, ys }: Task): Promise<void> {
  model.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  console.log(`${model.trainableWeights.length} trainable weights, ${model.nonTrainableWeights.length} others`);
  await model.fit(xs, ys, {
    batchSize: BATCH,
    epochs: EPOCHS,
    validationSplit: 0.1,
    verbose: 0,
    callbacks: {
      onEpochEnd: (epoch, logs) => {
        const { loss, val_loss, val_acc } = logs as Record<string, number>;
        console.log(
          `epoch ${epoch + 1}: loss ${loss!.toFixed(6)}, validation ${val_loss!.toFixed(6)}, ${val_acc!.toFixed(4)}`,
        );
      },
    },
  });
}

const [low, high, test] = [task(EXAMPLES, 1, 0), task(EXAMPLES, 2, 5), task(100, 3, 5)];
await train(tf.sequential({ layers: [...featureLayers, ...head()] }), low);

for (const layer of featureLayers) layer.trainable = false;
const kernel = featureLayers[1]!.getWeights()[0]!;
const before = kernel.clone();
const transferred = tf.sequential({ layers: [...featureLayers, ...head()] });
await train(transferred, high);
tf.tidy(() => {
  const moved = featureLayers[1]!.getWeights()[0]!.sub(before).abs().max();
  console.log(`frozen weights moved by ${moved.dataSync()[0]}`);
  const guesses = (transferred.predict(test.xs) as tf.Tensor2D).argMax<tf.Tensor1D>(-1);
  tf.math.confusionMatrix(test.ys.argMax<tf.Tensor1D>(-1), guesses, CLASSES).print();
});
before.dispose();
console.log(`${tf.memory().numTensors} tensors`);
tf.dispose([low, high, test].flatMap(({ xs, ys }) => [xs, ys]));
console.log(`${tf.memory().numTensors} tensors after disposing of the data`);
