import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend, tf } from '@onnx-forge/export';
import { type LatentModel, load } from '@onnx-forge/infer';
import { train } from '@onnx-forge/train';
import { tinyData, tinyRecipe } from '../../train/tiny.js';

const RUN = fileURLToPath(new URL('../../../../models/pretrained/vae-2d', import.meta.url));

/** Work that is done again and again. */
export type Task = (folder: string) => Promise<void>;

const training =
  (engine: 'compiled' | 'eager'): Task =>
  async (folder) => {
    const out = join(folder, 'run');
    const settings = { engine, maxSteps: 3, device: 'cpu', evaluate: false, figures: false } as const;
    await train({ recipe: tinyRecipe, data: tinyData(), out, force: true, ...settings });
    await rm(out, { recursive: true, force: true });
  };

const loading: Task = async () => {
  const model = (await load(RUN, { device: 'cpu' })) as LatentModel;
  await model.decode(Float32Array.of(0.5, -1));
  await model.dispose();
};

/** A graph model of tfjs's on the `onnx` backend, made and trained anew. */
const backend: Task = async () => {
  registerOnnxBackend();
  await tf.setBackend('onnx');
  const model = tf.sequential({
    layers: [tf.layers.dense({ inputShape: [64], units: 128, activation: 'relu' }), tf.layers.dense({ units: 10 })],
  });
  const optimizer = tf.train.adam(0.01);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const [x, y] = [tf.randomNormal([128, 64]), tf.zeros([128, 10])];
  await model.fit(x, y, { epochs: 2, batchSize: 64, verbose: 0 });
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
};

export type TaskName = 'compiled' | 'eager' | 'load' | 'backend';

export const TASKS: Readonly<Record<TaskName, Task>> = {
  compiled: training('compiled'),
  eager: training('eager'),
  load: loading,
  backend,
};
