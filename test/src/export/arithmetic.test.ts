import { compileStep, stepModels, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { expect } from 'chai';

const BATCH = 8;

/** A step that lowers the mean of a net's outputs, and the multiply-adds that are counted in it. */
async function counted(shape: number[], net: (x: tf.Tensor) => tf.Tensor): Promise<number> {
  const optimizer = tf.train.sgd(0.1);
  const training = await compileStep(
    {
      inputs: { x: { shape: [BATCH, ...shape] } },
      step: ({ x }) => ({ loss: optimizer.minimize(() => net(x!).mean(), true) as tf.Scalar }),
    },
    { random: new Random(1), device: 'cpu', threads: 1 },
  );
  try {
    return training.multiplyAdds().step!;
  } finally {
    await training.dispose();
  }
}

describe('counted arithmetic of steps', () => {
  const weights: tf.Variable[] = [];
  const weight = (...shape: number[]): tf.Variable => {
    const made = tf.variable(tf.randomNormal(shape, 0, 0.1, 'float32', 1));
    weights.push(made);
    return made;
  };
  before(() => tf.setBackend('cpu'));
  afterEach(() => tf.dispose(weights.splice(0)));

  it('is three products for each layer of a dense net, and two for the first, whose input needs no gradient', async () => {
    const [a, b] = [weight(20, 30), weight(30, 7)];
    const macs = await counted([20], (x) =>
      tf.matMul(tf.elu(tf.matMul(x as tf.Tensor2D, a as tf.Tensor2D)), b as tf.Tensor2D),
    );
    expect(macs).to.equal(BATCH * (2 * 20 * 30 + 3 * 30 * 7));
  });

  it('is the same for convolutions, strided ones too, whatever the form of the filter gradient', async () => {
    const [a, b] = [weight(3, 3, 5, 16), weight(3, 3, 16, 24)];
    const macs = await counted([12, 12, 5], (x) => {
      const first = tf.elu(tf.conv2d(x as tf.Tensor4D, a as tf.Tensor4D, 1, 'same'));
      return tf.square(tf.conv2d(first as tf.Tensor4D, b as tf.Tensor4D, 2, 'same'));
    });
    const [first, second] = [12 * 12 * 3 * 3 * 5 * 16, 6 * 6 * 3 * 3 * 16 * 24];
    expect(macs).to.equal(BATCH * (2 * first + 3 * second));
  });

  it('counts a product of batches of matrices, and what no output needs not at all', async () => {
    const a = weight(BATCH, 4, 6);
    const macs = await counted([3, 4], (x) => {
      tf.matMul(x, x, true);
      return tf.square(tf.matMul(x, a));
    });
    expect(macs).to.equal(BATCH * 2 * 3 * 4 * 6);
  });

  it('tells of every graph what it has, with what a form multiplies for nothing', () => {
    const filter = weight(3, 3, 16, 16);
    const optimizer = tf.train.sgd(0.1);
    const step = {
      inputs: { x: { shape: [BATCH, 9, 9, 16] } },
      step: ({ x }: Record<string, tf.Tensor>) => ({
        loss: optimizer.minimize(
          () =>
            tf
              .conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'valid')
              .square()
              .mean() as tf.Scalar,
          true,
        ) as tf.Scalar,
      }),
    };
    const exact = BATCH * 2 * 4 * 4 * 3 * 3 * 16 * 16;
    const name = 'filter-gradient x=8,9,9,16 dw=3,3,16,16 output=4,4 strides=2,2 before=0,0';
    const of = (form: string): number => stepModels({ step }, { forms: { [name]: form } }).step!.multiplyAdds;
    for (const form of ['taps', 'convolution']) expect(of(form), form).to.equal(exact);
    // It takes one window over blocks of 2 x 2 pixels for a window with strides of 2.
    expect(of('side-by-side')).to.be.above(exact);
  });
});
