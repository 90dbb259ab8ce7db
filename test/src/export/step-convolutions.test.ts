import { compileTraining, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import { needsDevice } from '../infer/webgpu.js';

/** A network's step: layers with enough channels that the compiled step uses the CPU provider's own layout. */
interface Subject {
  readonly name: string;
  /** Shape of the filters, then of the batch. */
  readonly filters: readonly (readonly number[])[];
  readonly input: readonly number[];
  readonly network: (x: tf.Tensor4D, filters: readonly tf.Tensor4D[]) => tf.Tensor;
}

const leaky = (x: tf.Tensor): tf.Tensor4D => tf.leakyRelu(x, 0.1) as tf.Tensor4D;

const subjects: readonly Subject[] = [
  {
    name: 'one channel, 16, 32, both pooled (a discriminator)',
    filters: [
      [5, 5, 1, 16],
      [3, 3, 16, 32],
    ],
    input: [3, 14, 14, 1],
    network: (x, [a, b]) => {
      const first = tf.maxPool(leaky(tf.conv2d(x, a!, 1, 'valid')), 2, 2, 'valid');
      return tf.maxPool(leaky(tf.conv2d(first as tf.Tensor4D, b!, 1, 'same')), 2, 2, 'valid');
    },
  },
  {
    name: 'transposed, 32 to 16 to 1 (a generator)',
    filters: [
      [4, 4, 16, 32],
      [4, 4, 1, 16],
    ],
    input: [2, 3, 4, 32],
    network: (x, [a, b]) => {
      const first = leaky(tf.conv2dTranspose(x, a!, [2, 6, 8, 16], 2, 'same'));
      return tf.conv2dTranspose(first, b!, [2, 12, 16, 1], 2, 'same');
    },
  },
  {
    name: 'strides of 3 and uneven sizes',
    filters: [
      [5, 4, 3, 16],
      [3, 3, 16, 32],
    ],
    input: [2, 12, 15, 3],
    network: (x, [a, b]) => tf.conv2d(leaky(tf.conv2d(x, a!, 1, 'same')), b!, 3, 'same'),
  },
  {
    name: 'strides of 2 with rows left over',
    filters: [
      [3, 5, 16, 16],
      [2, 3, 16, 32],
    ],
    input: [2, 10, 13, 16],
    network: (x, [a, b]) => tf.conv2d(leaky(tf.conv2d(x, a!, 1, 3)), b!, 2, 'valid'),
  },
  {
    name: 'kernels of one pixel with strides of 2 and 3, the shortcuts of residual blocks',
    filters: [
      [1, 1, 16, 32],
      [1, 1, 32, 16],
    ],
    input: [2, 12, 6, 16],
    network: (x, [a, b]) => tf.conv2d(leaky(tf.conv2d(x, a!, 2, 'same')), b!, 3, 'same'),
  },
  {
    name: 'fewer and fewer channels: half a block, then one',
    filters: [
      [3, 3, 32, 16],
      [3, 4, 16, 8],
      [3, 3, 8, 1],
    ],
    input: [2, 6, 7, 32],
    network: (x, [a, b, c]) =>
      tf.conv2d(leaky(tf.conv2d(leaky(tf.conv2d(x, a!, 1, 'same')), b!, 1, 'same')), c!, 1, 'same'),
  },
  {
    name: 'a high image, wider and narrower filters',
    filters: [
      [3, 2, 16, 32],
      [2, 3, 32, 16],
      [3, 3, 16, 80],
    ],
    input: [2, 15, 4, 16],
    network: (x, [a, b, c]) =>
      tf.conv2d(leaky(tf.conv2d(leaky(tf.conv2d(x, a!, 1, 'same')), b!, 1, 'valid')), c!, 1, 'same'),
  },
  {
    name: 'blocks that are nearly whole',
    filters: [
      [1, 3, 28, 32],
      [2, 3, 32, 60],
      [3, 3, 60, 28],
    ],
    input: [2, 3, 8, 28],
    network: (x, [a, b, c]) =>
      tf.conv2d(leaky(tf.conv2d(leaky(tf.conv2d(x, a!, 1, 'valid')), b!, 2, 'same')), c!, 1, 'same'),
  },
  {
    name: 'strides of 2 to few channels',
    filters: [
      [4, 3, 16, 8],
      [3, 3, 8, 16],
    ],
    input: [2, 9, 10, 16],
    network: (x, [a, b]) => tf.conv2d(leaky(tf.conv2d(x, a!, 2, 'same')), b!, 1, 'same'),
  },
  {
    name: 'the whole image at once, and back',
    filters: [
      [4, 4, 16, 32],
      [4, 4, 16, 32],
    ],
    input: [2, 4, 4, 16],
    network: (x, [a, b]) => tf.conv2dTranspose(leaky(tf.conv2d(x, a!, 1, 'valid')), b!, [2, 4, 4, 16], 1, 'valid'),
  },
];

function uniform(random: Random, shape: readonly number[]): Float32Array {
  return random.fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), -1, 1);
}

for (const device of ['cpu', 'webgpu'] as const) {
  describe(`compiled convolutions equal tfjs, step after step, on ${device}`, () => {
    before(async function () {
      await needsDevice(this, device);
    });

    // A GPU in software is slow; the first two have every kind of layer.
    for (const { name, filters, input, network } of device === 'cpu' ? subjects : subjects.slice(0, 2)) {
      it(name, async () => {
        await tf.setBackend('cpu');
        const random = new Random(5);
        const initial = filters.map((shape) => uniform(random, shape).map((v) => 0.3 * v));
        const variables = (): tf.Variable[] =>
          initial.map((data, i) => tf.variable(tf.tensor(data.slice(), [...filters[i]!])));
        const stepOf = (weights: tf.Variable[]) => {
          const optimizer: tf.Optimizer = tf.train.momentum(0.01, 0.5);
          return ({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
            const f = (): tf.Scalar =>
              tf.mean(tf.square(network(x as tf.Tensor4D, weights as tf.Tensor[] as tf.Tensor4D[])));
            const { value, grads } = tf.variableGrads(f, weights);
            optimizer.applyGradients(grads);
            return { loss: value };
          };
        };
        const [eager, traced] = [variables(), variables()];
        const training = await compileTraining(
          { step: { inputs: { x: { shape: [...input] } }, step: stepOf(traced) } },
          { device, random: new Random(1) },
        );
        const eagerStep = stepOf(eager);
        for (let i = 0; i < 3; i++) {
          const x = uniform(random, input);
          const { loss } = await training.run('step', { x });
          const expected = eagerStep({ x: tf.tensor(x, [...input]) }).loss!.dataSync()[0]!;
          assert.closeTo(loss!, expected, 1e-5 * Math.max(1, Math.abs(expected)), `loss of step ${i}`);
        }
        await training.writeBack();
        for (const [i, variable] of eager.entries()) {
          const [actual, expected] = [traced[i]!.dataSync(), variable.dataSync()];
          const moved = expected.some((value, k) => Math.abs(value - initial[i]![k]!) > 1e-4);
          assert.isTrue(moved, 'the filter must have moved');
          for (const [k, value] of expected.entries()) assert.closeTo(actual[k]!, value, 1e-5, `filter ${i}, ${k}`);
        }
        await training.dispose();
      });
    }
  });
}
