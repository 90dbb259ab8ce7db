/** The network of examples/tfjs-programs' `mnist-convnet` on `compileStep`: a line for every epoch. */

import { digits } from '@onnx-forge/example-tfjs-programs/digits';
import { compileStep, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';

const EPOCHS = Number(process.argv[2]);
const [SIZE, CLASSES, BATCH, STEPS] = [28, 10, 64, 9];

const { images, labels } = digits(BATCH * STEPS, SIZE, 1);
const classes = new Float32Array(labels.length * CLASSES);
for (const [i, label] of labels.entries()) classes[i * CLASSES + label] = 1;

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [SIZE, SIZE, 1], kernelSize: 5, filters: 8, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    tf.layers.conv2d({ kernelSize: 5, filters: 16, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2, strides: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
  ],
});
const optimizer = tf.train.adam();

await using training = await compileStep(
  {
    inputs: { x: { shape: [BATCH, SIZE, SIZE, 1] }, y: { shape: [BATCH, CLASSES] } },
    step: ({ x, y }) => {
      const loss = (): tf.Scalar =>
        tf.mean(tf.metrics.categoricalCrossentropy(y!, model.apply(x!, { training: true }) as tf.Tensor));
      return { loss: optimizer.minimize(loss, true)! };
    },
  },
  { device: 'cpu', random: new Random(1) },
);
for (let epoch = 1; epoch <= EPOCHS; epoch++) {
  let total = 0;
  for (let step = 0; step < STEPS; step++) {
    const [from, to] = [step * BATCH, (step + 1) * BATCH];
    const x = images.subarray(from * SIZE * SIZE, to * SIZE * SIZE);
    const { loss } = await training.run('step', { x, y: classes.subarray(from * CLASSES, to * CLASSES) });
    total += loss!;
  }
  console.log(`epoch ${epoch}: loss ${(total / STEPS).toFixed(6)}`);
}
