/** Iris: three species by four measurements, with a small dense network. `node dist/iris.js [epochs]` */
import tf from '@onnx-forge/export/node';
import { normal, seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 40);
const SPECIES = ['setosa', 'versicolor', 'virginica'];

/** Mean and deviation of sepal length, sepal width, petal length and petal width, in cm. */
const MEASUREMENTS = [
  [[5.0, 0.35], [3.4, 0.38], [1.5, 0.17], [0.2, 0.1]],
  [[5.9, 0.5], [2.8, 0.31], [4.3, 0.47], [1.3, 0.2]],
  [[6.6, 0.6], [3.0, 0.32], [5.6, 0.55], [2.0, 0.27]],
] as const; // biome-ignore format: a table

function flowers(count: number, seed: number): { xs: tf.Tensor2D; ys: tf.Tensor2D } {
  const random = seeded(seed);
  const species = Array.from({ length: count }, (_, i) => i % SPECIES.length);
  const rows = species.map((kind) => MEASUREMENTS[kind]!.map(([mean, deviation]) => normal(random, mean, deviation)));
  return tf.tidy(() => ({
    xs: tf.tensor2d(rows),
    ys: tf.oneHot(tf.tensor1d(species, 'int32'), SPECIES.length) as tf.Tensor2D,
  }));
}

const train = flowers(150, 1);
const test = flowers(30, 2);

const model = tf.sequential();
model.add(tf.layers.dense({ units: 10, activation: 'sigmoid', inputShape: [4] }));
model.add(tf.layers.dense({ units: 3, activation: 'softmax' }));
model.summary();
model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

await model.fit(train.xs, train.ys, {
  epochs: EPOCHS,
  batchSize: 30,
  validationData: [test.xs, test.ys],
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

tf.tidy(() => {
  const guesses = (model.predict(test.xs) as tf.Tensor2D).argMax<tf.Tensor1D>(-1);
  const truth = test.ys.argMax<tf.Tensor1D>(-1);
  const taken = guesses.arraySync();
  for (const [i, kind] of truth.arraySync().slice(0, 6).entries()) {
    console.log(`${SPECIES[kind]} taken for ${SPECIES[taken[i]!]}`);
  }
  console.log(`right: ${tf.equal(truth, guesses).sum().dataSync()[0]} of ${test.xs.shape[0]}`);
});

// Saved to memory and loaded again, the model says the same.
let saved: tf.io.ModelArtifacts | undefined;
await model.save(
  tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  }),
);
const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
tf.tidy(() => {
  const difference = tf.sub(loaded.predict(test.xs) as tf.Tensor, model.predict(test.xs) as tf.Tensor);
  console.log(`greatest difference after loading: ${difference.abs().max().dataSync()[0]!.toFixed(6)}`);
});
console.log(`${tf.memory().numTensors} tensors`);
loaded.dispose();
model.dispose();
tf.dispose([train.xs, train.ys, test.xs, test.ys]);
console.log(`${tf.memory().numTensors} tensors after disposing of all`);
