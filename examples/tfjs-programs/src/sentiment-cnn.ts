/** Sentiment: word embeddings and a convolution over them. `node dist/sentiment-cnn.js [epochs] [examples]` */
import tf from '@onnx-forge/export/node';
import { seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const EXAMPLES = Number(process.argv[3] ?? 320);
const BATCH = 32;
const LENGTH = 24;
const VOCABULARY = 200;

/** Words below it praise, the next as many complain, the others say nothing. */
const OPINIONS = 30;

interface Reviews {
  readonly xs: tf.Tensor2D;
  readonly ys: tf.Tensor2D;
}

function reviews(count: number, seed: number): Reviews {
  const random = seeded(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const labels = Array.from({ length: count }, () => below(2));
  const texts = labels.map((label) => {
    const words = Array.from({ length: 8 + below(LENGTH - 8) }, () => {
      if (random() > 0.25) return 1 + 2 * OPINIONS + below(VOCABULARY - 2 * OPINIONS - 1);
      const kind = random() < 0.85 ? label : 1 - label;
      return 1 + kind * OPINIONS + below(OPINIONS);
    });
    return [...Array.from({ length: LENGTH - words.length }, () => 0), ...words];
  });
  return { xs: tf.tensor2d(texts, [count, LENGTH], 'int32'), ys: tf.tensor2d(labels, [count, 1]) };
}

const model = tf.sequential();
model.add(tf.layers.embedding({ inputDim: VOCABULARY, outputDim: 32, inputLength: LENGTH }));
model.add(tf.layers.dropout({ rate: 0.5 }));
model.add(tf.layers.conv1d({ filters: 32, kernelSize: 5, padding: 'valid', activation: 'relu', strides: 1 }));
model.add(tf.layers.globalMaxPool1d({}));
model.add(tf.layers.dense({ units: 32, activation: 'relu' }));
model.add(tf.layers.dense({ units: 1, activation: 'sigmoid' }));
model.summary();
model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['acc'] });

const [train, test] = [reviews(EXAMPLES, 1), reviews(100, 2)];
await model.fit(train.xs, train.ys, {
  epochs: EPOCHS,
  batchSize: BATCH,
  validationSplit: 0.2,
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
const [loss, accuracy] = model.evaluate(test.xs, test.ys, { batchSize: BATCH }) as tf.Scalar[];
console.log(`test: loss ${loss!.dataSync()[0]!.toFixed(6)}, accuracy ${accuracy!.dataSync()[0]!.toFixed(4)}`);
tf.tidy(() => (model.predict(test.xs.slice(0, 4)) as tf.Tensor).print());
tf.dispose([loss!, accuracy!, train.xs, train.ys, test.xs, test.ys]);
console.log(`${tf.memory().numTensors} tensors`);
