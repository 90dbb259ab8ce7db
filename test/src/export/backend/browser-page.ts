/** A page that trains a tfjs model on the onnx backend. */
import { registerOnnxBackend, SyncReadError, tf } from '@onnx-forge/export';

export interface Trained {
  readonly losses: readonly number[];
  readonly prediction: readonly number[];
  /** The message of a synchronous read that came too early. */
  readonly refusal: string | undefined;
}

const wave = (n: number, shift = 0): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + shift));

/** Trains, the same everywhere. */
export async function trainOn(backend: string): Promise<Trained> {
  await tf.setBackend(backend);
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 1 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [5], kernelInitializer }),
      tf.layers.dense({ units: 1, kernelInitializer }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' });
  const [x, y] = [tf.tensor(wave(160), [32, 5]), tf.tensor(wave(32, 1), [32, 1])];
  const { history } = await model.fit(x, y, { batchSize: 8, epochs: 3, shuffle: false, verbose: 0 });
  const output = model.predict(x) as tf.Tensor;
  let refusal: string | undefined;
  try {
    output.dataSync();
  } catch (error) {
    if (!(error instanceof SyncReadError)) throw error;
    refusal = error.message;
  }
  const prediction = Array.from(await output.data());
  tf.dispose([x, y, output, model.getWeights()]);
  return { losses: history.loss as number[], prediction, refusal };
}

const page = globalThis as { document?: unknown; trained?: Promise<Trained> };
if (page.document !== undefined) {
  registerOnnxBackend({ name: 'onnx-page', smallest: 0, opening: 0 });
  page.trained = trainOn('onnx-page');
}
