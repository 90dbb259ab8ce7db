/** MNIST: a convolutional network for digits of 28 x 28 pixels. `node dist/mnist-convnet.js [epochs] [examples]` */
import tf from '@onnx-forge/export/node';
import { digits } from './digits.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const EXAMPLES = Number(process.argv[3] ?? 640);
const SIZE = 28;
const CLASSES = 10;

function load(count: number, seed: number): { xs: tf.Tensor4D; ys: tf.Tensor2D } {
  const { images, labels } = digits(count, SIZE, seed);
  return tf.tidy(() => ({
    xs: tf.tensor4d(images, [count, SIZE, SIZE, 1]),
    ys: tf.oneHot(tf.tensor1d(labels, 'int32'), CLASSES) as tf.Tensor2D,
  }));
}

function createModel(): tf.Sequential {
  const model = tf.sequential();
  model.add(tf.layers.conv2d({ inputShape: [SIZE, SIZE, 1], kernelSize: 5, filters: 8, activation: 'relu' }));
  model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  model.add(tf.layers.conv2d({ kernelSize: 5, filters: 16, activation: 'relu' }));
  model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: CLASSES, activation: 'softmax' }));
  model.compile({ optimizer: tf.train.adam(), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

const train = load(EXAMPLES, 1);
const test = load(100, 2);
const model = createModel();
model.summary();

await model.fit(train.xs, train.ys, {
  epochs: EPOCHS,
  batchSize: 64,
  validationSplit: 0.1,
  verbose: 0,
  callbacks: {
    onEpochEnd: (epoch, logs) => {
      const { loss, acc, val_loss, val_acc } = logs as Record<string, number>;
      console.log(
        `epoch ${epoch + 1}: loss ${loss!.toFixed(6)}, accuracy ${acc!.toFixed(4)}, ` +
          `validation ${val_loss!.toFixed(6)}, ${val_acc!.toFixed(4)}`,
      );
    },
  },
});
console.log(`${tf.memory().numTensors} tensors`);

const [loss, accuracy] = model.evaluate(test.xs, test.ys, { batchSize: 50 }) as tf.Scalar[];
console.log(`test: loss ${loss!.dataSync()[0]!.toFixed(6)}, accuracy ${accuracy!.dataSync()[0]!.toFixed(4)}`);
tf.tidy(() => {
  const guesses = (model.predict(test.xs.slice([0, 0, 0, 0], [10, SIZE, SIZE, 1])) as tf.Tensor).argMax(-1);
  console.log(`guessed ${guesses.arraySync()} for ${test.ys.slice([0, 0], [10, CLASSES]).argMax(-1).arraySync()}`);
});
tf.dispose([loss!, accuracy!, train.xs, train.ys, test.xs, test.ys]);
model.dispose();
console.log(`${tf.memory().numTensors} tensors after disposing of all`);
