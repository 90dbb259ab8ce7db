/** House prices: regression on 12 features of districts, linear and with hidden layers. `node dist/boston.js [epochs]` */
import tf from '@onnx-forge/export/node';
import { normal, seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 40);
const FEATURES = 12;
const BATCH = 40;

interface Districts {
  readonly features: tf.Tensor2D;
  readonly prices: tf.Tensor2D;
}

/** Features of very different scales; a price that is not quite linear in them. */
function districts(count: number, seed: number): Districts {
  const random = seeded(seed);
  const rows = Array.from({ length: count }, () =>
    Array.from({ length: FEATURES }, (_, feature) => normal(random, 10 * feature, 1 + feature)),
  );
  const price = (row: readonly number[]): number => {
    const scaled = row.map((value, feature) => (value - 10 * feature) / (1 + feature));
    const linear = scaled.reduce((sum, value, feature) => sum + value * Math.cos(feature), 0);
    return 22 + 3 * linear + 2 * Math.max(0, scaled[5]!) * scaled[1]! + normal(random, 0, 1);
  };
  return { features: tf.tensor2d(rows), prices: tf.tensor2d(rows.map((row) => [price(row)])) };
}

function linearModel(): tf.Sequential {
  const model = tf.sequential();
  model.add(tf.layers.dense({ inputShape: [FEATURES], units: 1 }));
  return model;
}

function hiddenLayersModel(): tf.Sequential {
  const model = tf.sequential();
  const kernelInitializer = 'leCunNormal';
  model.add(tf.layers.dense({ inputShape: [FEATURES], units: 50, activation: 'sigmoid', kernelInitializer }));
  model.add(tf.layers.dense({ units: 50, activation: 'sigmoid', kernelInitializer }));
  model.add(tf.layers.dense({ units: 1 }));
  return model;
}

const train = districts(333, 1);
const test = districts(173, 2);
const { mean, variance } = tf.moments(train.features, 0);
const deviation = tf.tidy(() => variance.sqrt());
const normalise = (features: tf.Tensor2D): tf.Tensor2D => tf.tidy(() => features.sub(mean).div(deviation));
const [trainFeatures, testFeatures] = [normalise(train.features), normalise(test.features)];
tf.dispose([train.features, test.features, mean, variance, deviation]);

const average = train.prices.mean();
const baseline = tf.tidy(() => test.prices.sub(average).square().mean());
console.log(`baseline: ${baseline.dataSync()[0]!.toFixed(4)}`);
tf.dispose([average, baseline]);
console.log(`${tf.memory().numTensors} tensors`);

for (const [name, model] of Object.entries({ linear: linearModel(), 'two hidden layers': hiddenLayersModel() })) {
  console.log(`${name}:`);
  model.summary();
  model.compile({ optimizer: tf.train.sgd(0.01), loss: 'meanSquaredError' });
  const progress = new tf.CustomCallback({
    onEpochEnd: async (epoch, logs) => {
      console.log(`epoch ${epoch + 1}: loss ${logs!.loss!.toFixed(5)}, validation ${logs!.val_loss!.toFixed(5)}`);
    },
  });
  const { epoch } = await model.fit(trainFeatures, train.prices, {
    batchSize: BATCH,
    epochs: EPOCHS,
    validationSplit: 0.2,
    verbose: 0,
    callbacks: [progress, tf.callbacks.earlyStopping({ monitor: 'val_loss', patience: 3 })],
  });
  const result = model.evaluate(testFeatures, test.prices, { batchSize: BATCH }) as tf.Scalar;
  console.log(`${epoch.length} epochs; test loss ${result.dataSync()[0]!.toFixed(5)}`);
  const weights = model.layers[0]!.getWeights()[0]!;
  console.log(`first weights ${Array.from(weights.dataSync().slice(0, 3), (weight) => weight.toFixed(5)).join(', ')}`);
  result.dispose();
  model.dispose();
  console.log(`${tf.memory().numTensors} tensors`);
}
