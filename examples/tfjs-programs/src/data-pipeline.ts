/** tf.data: records from a generator, mapped, shuffled and batched into `fitDataset`. `node dist/data-pipeline.js [epochs]` */
import tf from '@onnx-forge/export/node';
import { normal, seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 10);
const RECORDS = 320;
const BATCH = 32;
const KINDS = ['slider', 'curve', 'fastball'];

interface Pitch {
  readonly [measurement: string]: number;
  readonly speed: number;
  readonly spin: number;
  readonly lift: number;
  readonly kind: number;
}

/** Pitches of three kinds: speed in km/h, spin in turns a minute, lift in m/s^2. */
function* pitches(count: number, seed: number): Generator<Pitch> {
  const random = seeded(seed);
  for (let i = 0; i < count; i++) {
    const kind = Math.floor(random() * KINDS.length);
    yield {
      speed: normal(random, 125 + 10 * kind, 6),
      spin: normal(random, 2400 - 250 * kind, 200),
      lift: normal(random, 3 * kind - 2, 2),
      kind,
    };
  }
}

/** Examples `{ xs, ys }` as `fitDataset` takes them. */
function labelled(count: number, seed: number): tf.data.Dataset<tf.TensorContainerObject> {
  return tf.data
    .generator(() => pitches(count, seed))
    .map((record) => {
      const { speed, spin, lift, kind } = record as Pitch;
      return {
        xs: tf.tensor1d([(speed - 135) / 15, (spin - 2150) / 400, lift / 4]),
        ys: tf.oneHot(tf.scalar(kind, 'int32'), KINDS.length).toFloat(),
      };
    }) as tf.data.Dataset<tf.TensorContainerObject>;
}

const train = labelled(RECORDS, 1)
  .shuffle(100, 'seed')
  .batch(BATCH)
  .prefetch(2) as tf.data.Dataset<tf.TensorContainerObject>;
const test = labelled(96, 2).batch(BATCH) as tf.data.Dataset<tf.TensorContainerObject>;

const model = tf.sequential();
model.add(tf.layers.dense({ units: 32, activation: 'relu', inputShape: [3] }));
model.add(tf.layers.dense({ units: 32, activation: 'relu' }));
model.add(tf.layers.dense({ units: KINDS.length, activation: 'softmax' }));
model.compile({ optimizer: tf.train.adam(0.005), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
console.log(`${tf.memory().numTensors} tensors`);

await model.fitDataset(train, {
  epochs: EPOCHS,
  validationData: test,
  verbose: 0,
  callbacks: {
    onEpochEnd: async (epoch, logs) => {
      const { loss, acc, val_loss, val_acc } = logs as Record<string, number>;
      console.log(
        `epoch ${epoch + 1}: loss ${loss!.toFixed(6)}, accuracy ${acc!.toFixed(4)}, ` +
          `validation ${val_loss!.toFixed(6)}, ${val_acc!.toFixed(4)}`,
      );
    },
  },
});
const [loss, accuracy] = (await model.evaluateDataset(test, {})) as tf.Scalar[];
console.log(`test: loss ${loss!.dataSync()[0]!.toFixed(6)}, accuracy ${accuracy!.dataSync()[0]!.toFixed(4)}`);
tf.dispose([loss!, accuracy!]);

await test.take(1).forEachAsync((batch) => {
  const { xs, ys } = batch as { xs: tf.Tensor2D; ys: tf.Tensor2D };
  tf.tidy(() => {
    const guesses = (model.predict(xs) as tf.Tensor2D).argMax<tf.Tensor1D>(-1).arraySync().slice(0, 4);
    const truth = ys.argMax<tf.Tensor1D>(-1).arraySync();
    for (const [i, guess] of guesses.entries()) console.log(`${KINDS[truth[i]!]} taken for ${KINDS[guess]}`);
  });
  tf.dispose([xs, ys]);
});
console.log(`${tf.memory().numTensors} tensors`);
