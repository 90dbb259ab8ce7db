/** Variational autoencoder: digits through a two-dimensional latent space, in a training loop. `node dist/vae.js [steps]` */
import tf from '@onnx-forge/export/node';
import { digits } from './digits.js';

const STEPS = Number(process.argv[2] ?? 200);
const SIZE = 16;
const PIXELS = SIZE * SIZE;
const BATCH = 64;
const BATCHES = 10;
const HIDDEN = 128;
const LATENT = 2;

/** Draws z from the normal distribution of the given mean and log-variance. */
class Sample extends tf.layers.Layer {
  static readonly className = 'Sample';

  override computeOutputShape(shapes: tf.Shape[]): tf.Shape {
    return shapes[0]!;
  }

  override call(inputs: tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [mean, logVariance] = inputs as [tf.Tensor2D, tf.Tensor2D];
      return mean.add(logVariance.mul(0.5).exp().mul(tf.randomNormal(mean.shape)));
    });
  }
}
tf.serialization.registerClass(Sample);

function makeEncoder(): tf.LayersModel {
  const inputs = tf.input({ shape: [PIXELS] });
  const hidden = tf.layers.dense({ units: HIDDEN, activation: 'relu' }).apply(inputs) as tf.SymbolicTensor;
  const mean = tf.layers.dense({ units: LATENT, name: 'mean' }).apply(hidden) as tf.SymbolicTensor;
  const logVariance = tf.layers.dense({ units: LATENT, name: 'log_variance' }).apply(hidden) as tf.SymbolicTensor;
  const z = new Sample({ name: 'z' }).apply([mean, logVariance]) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs: [mean, logVariance, z], name: 'encoder' });
}

function makeDecoder(): tf.LayersModel {
  const inputs = tf.input({ shape: [LATENT] });
  const hidden = tf.layers.dense({ units: HIDDEN, activation: 'relu' }).apply(inputs) as tf.SymbolicTensor;
  const outputs = tf.layers.dense({ units: PIXELS }).apply(hidden) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs, name: 'decoder' });
}

const [encoder, decoder] = [makeEncoder(), makeDecoder()];
encoder.summary();
decoder.summary();

/** Negative evidence lower bound, nats per image. */
function loss(images: tf.Tensor2D): tf.Scalar {
  const [mean, logVariance, z] = encoder.apply(images) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const logits = decoder.apply(z) as tf.Tensor2D;
  const reconstruction = tf.losses.sigmoidCrossEntropy(images, logits).mul(PIXELS);
  const divergence = logVariance.add(1).sub(mean.square()).sub(logVariance.exp()).sum(-1).mul(-0.5).mean();
  return reconstruction.add(divergence) as tf.Scalar;
}

const optimizer = tf.train.adam(1e-3);
const images = tf.tensor2d(digits(BATCH * BATCHES, SIZE, 1).images, [BATCH * BATCHES, PIXELS]);
console.log(`${tf.memory().numTensors} tensors`);
for (let step = 1; step <= STEPS; step++) {
  const cost = tf.tidy(() => {
    const batch = images.slice([(step % BATCHES) * BATCH, 0], [BATCH, PIXELS]);
    return optimizer.minimize(() => loss(batch), true)!;
  });
  if (step % 10 === 0) console.log(`step ${step}: loss ${cost.dataSync()[0]!.toFixed(6)}`);
  cost.dispose();
}
tf.tidy(() => {
  const [mean] = encoder.predict(images.slice([0, 0], [4, PIXELS])) as tf.Tensor2D[];
  mean!.print();
  const drawn = tf.sigmoid(decoder.predict(mean!) as tf.Tensor2D);
  console.log(`mean brightness ${drawn.mean().dataSync()[0]!.toFixed(6)}`);
});
console.log(`${tf.memory().numTensors} tensors`);
