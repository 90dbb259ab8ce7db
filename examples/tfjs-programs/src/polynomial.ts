/** Polynomial regression on the core API: the coefficients of a cubic, from noisy points. `node dist/polynomial.js [steps]` */
import tf from '@onnx-forge/export/node';
import { normal, seeded } from './seeded.js';

const STEPS = Number(process.argv[2] ?? 200);
const POINTS = 100;
const TRUE = [-0.8, -0.2, 0.9, 0.5];

const random = seeded(1);
const x = Array.from({ length: POINTS }, () => 2 * random() - 1);
const y = x.map((x) => TRUE.reduce((sum, coefficient) => sum * x + coefficient, 0) + normal(random, 0, 0.04));
const [xs, ys] = [tf.tensor1d(x), tf.tensor1d(y)];

const coefficients = TRUE.map((_, i) => tf.variable(tf.scalar(Math.random()), true, 'abcd'[i]));
const optimizer = tf.train.sgd(0.5);

const predict = (xs: tf.Tensor1D): tf.Tensor1D =>
  coefficients.reduce<tf.Tensor1D>((sum, coefficient) => sum.mul(xs).add(coefficient), tf.zerosLike(xs));

const loss = (): tf.Scalar => predict(xs).sub(ys).square().mean();

function report(when: string): void {
  const values = coefficients.map((coefficient) => coefficient.dataSync()[0]!.toFixed(6));
  console.log(`${when}: ${values.join(', ')}`);
}

report('before');
console.log(`${tf.memory().numTensors} tensors`);
for (let step = 1; step <= STEPS; step++) {
  optimizer.minimize(loss);
  if (step % 10 !== 0) continue;
  const current = tf.tidy(() => loss().dataSync()[0]!);
  console.log(`step ${step}: loss ${current.toFixed(6)}, ${tf.memory().numTensors} tensors`);
}
report('after');
tf.tidy(() => predict(xs).slice(0, 5).print());
console.log(`${tf.memory().numTensors} tensors`);
