/** GAN: a generator and a discriminator of convolutions, each with its optimizer. `node dist/gan.js [steps]` */
import tf from '@onnx-forge/export/node';
import { digits } from './digits.js';

const STEPS = Number(process.argv[2] ?? 100);
const SIZE = 16;
const LATENT = 16;
const BATCH = 16;
const BATCHES = 8;

function makeGenerator(): tf.Sequential {
  const model = tf.sequential({ name: 'generator' });
  model.add(tf.layers.dense({ units: 4 * 4 * 16, activation: 'relu', inputShape: [LATENT] }));
  model.add(tf.layers.reshape({ targetShape: [4, 4, 16] }));
  model.add(tf.layers.batchNormalization());
  model.add(tf.layers.conv2dTranspose({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' }));
  model.add(tf.layers.conv2dTranspose({ filters: 1, kernelSize: 3, strides: 2, padding: 'same', activation: 'tanh' }));
  return model;
}

function makeDiscriminator(): tf.Sequential {
  const model = tf.sequential({ name: 'discriminator' });
  model.add(tf.layers.conv2d({ filters: 8, kernelSize: 3, strides: 2, padding: 'same', inputShape: [SIZE, SIZE, 1] }));
  model.add(tf.layers.leakyReLU({ alpha: 0.2 }));
  model.add(tf.layers.dropout({ rate: 0.3 }));
  model.add(tf.layers.conv2d({ filters: 16, kernelSize: 3, strides: 2, padding: 'same' }));
  model.add(tf.layers.leakyReLU({ alpha: 0.2 }));
  model.add(tf.layers.flatten());
  model.add(tf.layers.dense({ units: 1 }));
  return model;
}

const [generator, discriminator] = [makeGenerator(), makeDiscriminator()];
generator.summary();
discriminator.summary();
const [generatorOptimizer, discriminatorOptimizer] = [tf.train.adam(2e-3, 0.5), tf.train.adam(2e-3, 0.5)];
const weights = (model: tf.Sequential): tf.Variable[] =>
  model.trainableWeights.map((weight) => weight.read() as tf.Variable);

const judge = (images: tf.Tensor): tf.Tensor2D => discriminator.apply(images, { training: true }) as tf.Tensor2D;
const generate = (): tf.Tensor4D =>
  generator.apply(tf.randomNormal([BATCH, LATENT]), { training: true }) as tf.Tensor4D;

function discriminatorLoss(real: tf.Tensor4D): tf.Scalar {
  const [onReal, onFake] = [judge(real), judge(generate())];
  const realLoss = tf.losses.sigmoidCrossEntropy(tf.onesLike(onReal), onReal, undefined, 0.1);
  return realLoss.add(tf.losses.sigmoidCrossEntropy(tf.zerosLike(onFake), onFake)) as tf.Scalar;
}

function generatorLoss(): tf.Scalar {
  const onFake = judge(generate());
  return tf.losses.sigmoidCrossEntropy(tf.onesLike(onFake), onFake) as tf.Scalar;
}

const images = tf.tidy(() => {
  const { images } = digits(BATCH * BATCHES, SIZE, 1);
  return tf
    .tensor4d(images, [BATCH * BATCHES, SIZE, SIZE, 1])
    .mul(2)
    .sub(1) as tf.Tensor4D;
});
console.log(`${tf.memory().numTensors} tensors`);
for (let step = 1; step <= STEPS; step++) {
  const [discriminated, generated] = tf.tidy(() => {
    const real = images.slice([(step % BATCHES) * BATCH, 0, 0, 0], [BATCH, SIZE, SIZE, 1]);
    return [
      discriminatorOptimizer.minimize(() => discriminatorLoss(real), true, weights(discriminator))!,
      generatorOptimizer.minimize(generatorLoss, true, weights(generator))!,
    ] as const;
  });
  if (step % 10 === 0 || step === STEPS) {
    const [d, g] = [await discriminated.data(), await generated.data()];
    console.log(`step ${step}: discriminator ${d[0]!.toFixed(6)}, generator ${g[0]!.toFixed(6)}`);
  }
  tf.dispose([discriminated, generated]);
}
tf.tidy(() => {
  const sampled = generator.predict(tf.randomNormal([4, LATENT])) as tf.Tensor4D;
  const [lowest, highest] = [sampled.min().dataSync()[0]!, sampled.max().dataSync()[0]!];
  console.log(`samples of ${sampled.shape}, between ${lowest.toFixed(5)} and ${highest.toFixed(5)}`);
});
console.log(`${tf.memory().numTensors} tensors`);
