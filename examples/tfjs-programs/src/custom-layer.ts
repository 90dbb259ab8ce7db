/** A layer of one's own, with weights, in a model that is saved and loaded. `node dist/custom-layer.js [epochs]` */
import tf from '@onnx-forge/export/node';
import { normal, seeded } from './seeded.js';

const EPOCHS = Number(process.argv[2] ?? 20);
const EXAMPLES = 200;
const FEATURES = 6;

interface ScaledAntirectifierConfig {
  readonly initialScale?: number;
  readonly name?: string;
}

/** Centres and normalises its input, then splits it into positive and negative parts, each with a learned scale. */
class ScaledAntirectifier extends tf.layers.Layer {
  static readonly className = 'ScaledAntirectifier';
  readonly #initialScale: number;
  #scale: tf.LayerVariable | undefined;

  constructor({ initialScale = 1, ...config }: ScaledAntirectifierConfig) {
    super(config);
    this.#initialScale = initialScale;
  }

  override build(shape: tf.Shape): void {
    const value = this.#initialScale;
    const width = 2 * shape.at(-1)!;
    this.#scale = this.addWeight('scale', [width], 'float32', tf.initializers.constant({ value }));
    this.built = true;
  }

  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return [shape[0]!, 2 * shape.at(-1)!];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const input = Array.isArray(inputs) ? inputs[0]! : inputs;
      const centred = input.sub(input.mean(-1, true));
      const scaled = centred.div(centred.square().sum(-1, true).sqrt().add(1e-7));
      return tf.concat([scaled.relu(), scaled.neg().relu()], -1).mul(this.#scale!.read());
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), initialScale: this.#initialScale };
  }
}
tf.serialization.registerClass(ScaledAntirectifier);

const random = seeded(1);
const rows = Array.from({ length: EXAMPLES }, () => Array.from({ length: FEATURES }, () => normal(random)));
const targets = rows.map((row) => [Math.abs(row[0]!) + Math.max(row[1]!, row[2]!) - 0.5 * row[3]!]);
const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(targets)];

const model = tf.sequential();
model.add(tf.layers.dense({ units: 16, inputShape: [FEATURES] }));
model.add(new ScaledAntirectifier({ initialScale: 1.5 }));
model.add(tf.layers.dense({ units: 1 }));
model.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: 'meanSquaredError', metrics: ['mae'] });
model.summary();
console.log(`${tf.memory().numTensors} tensors`);

await model.fit(xs, ys, {
  epochs: EPOCHS,
  batchSize: 20,
  validationSplit: 0.2,
  verbose: 0,
  callbacks: {
    onEpochEnd: (epoch, logs) => {
      const { loss, mae, val_loss } = logs as Record<string, number>;
      console.log(
        `epoch ${epoch + 1}: loss ${loss!.toFixed(6)}, error ${mae!.toFixed(6)}, validation ${val_loss!.toFixed(6)}`,
      );
    },
  },
});
model.layers[1]!.getWeights()[0]!.print();

let saved: tf.io.ModelArtifacts | undefined;
await model.save(
  tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  }),
);
const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
console.log(`loaded a ${loaded.layers[1]!.getClassName()} of ${loaded.countParams()} parameters with its model`);
tf.tidy(() => {
  const [before, after] = [model, loaded].map((each) => each.predict(xs.slice(0, 3)) as tf.Tensor2D);
  before!.print();
  console.log(`differs after loading by ${before!.sub(after!).abs().max().dataSync()[0]!.toFixed(6)}`);
});
console.log(`${tf.memory().numTensors} tensors`);
