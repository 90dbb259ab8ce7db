import { compileStep, tf } from '@onnx-forge/export';
import { InputError, Random } from '@onnx-forge/infer';
import { batchNormalisation, sequential } from '@onnx-forge/train';
import { expect } from 'chai';

const STEPS = [0, 1, 2];

interface Case {
  readonly shape: readonly [number, ...number[]];
  /** `running_mean` and `running_var` of PyTorch 2.15 (float64) after the three batches below, and momentum 0.1. */
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

const CASES: Readonly<Record<string, Case>> = {
  vectors: { shape: [4, 3], mean: [0.0717956, 0.1770509, 0.1560943], variance: [1.3104619, 1.4802738, 1.3676941] },
  images: { shape: [2, 2, 3, 2], mean: [0.1902749, 0.0997581], variance: [1.2876333, 1.2789456] },
};

/** Channels last; the numbers are PyTorch's, whose channels come second. */
function batchOf({ shape }: Case, step: number): Float32Array {
  const [batch, channels] = [shape[0], shape.at(-1)!];
  const positions = shape.reduce((product, size) => product * size, 1) / batch / channels;
  const x = new Float32Array(batch * channels * positions);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      for (let p = 0; p < positions; p++) {
        const index = (b * channels + c) * positions + p;
        x[(b * positions + p) * channels + c] = 2 * Math.sin(index * (step + 1.7)) + 0.5 * step;
      }
    }
  }
  return x;
}

/** The running averages that follow from float64 and the formula, n / (n - 1) times the biased variance. */
function averages(one: Case): { mean: number[]; variance: number[] } {
  const channels = one.shape.at(-1)!;
  const mean = Array<number>(channels).fill(0);
  const variance = Array<number>(channels).fill(1);
  for (const step of STEPS) {
    const x = batchOf(one, step);
    for (let c = 0; c < channels; c++) {
      const values = [...x].filter((_, index) => index % channels === c);
      const m = values.reduce((sum, value) => sum + value, 0) / values.length;
      const squares = values.reduce((sum, value) => sum + (value - m) ** 2, 0);
      mean[c] = 0.9 * mean[c]! + 0.1 * m;
      variance[c] = 0.9 * variance[c]! + (0.1 * squares) / (values.length - 1);
    }
  }
  return { mean, variance };
}

function expectClose(found: ArrayLike<number>, wanted: readonly number[]): void {
  expect(found).to.have.length(wanted.length);
  for (const [index, value] of wanted.entries()) expect(found[index]).to.be.closeTo(value, 2e-6);
}

describe('batchNormalisation', () => {
  for (const [name, one] of Object.entries(CASES)) {
    const inputShape = one.shape.slice(1);
    const net = () => sequential([tf.layers.inputLayer({ inputShape }), batchNormalisation()]);
    const weight = (of: ReturnType<typeof net>, kind: string) =>
      of.weights.find((entry) => entry.name.endsWith(kind))!.variable;

    it(`has PyTorch's running averages, of ${name}`, () => {
      const { mean, variance } = averages(one);
      expectClose(mean, one.mean);
      expectClose(variance, one.variance);
      const eager = net();
      for (const step of STEPS)
        tf.tidy(() => eager.apply(tf.tensor(batchOf(one, step), [...one.shape]), { training: true }));
      expectClose(weight(eager, 'moving_mean').dataSync(), one.mean);
      expectClose(weight(eager, 'moving_variance').dataSync(), one.variance);
    });

    it(`has them in a compiled step, of ${name}`, async () => {
      const compiled = net();
      const gamma = weight(compiled, 'gamma') as tf.Variable;
      const optimizer = tf.train.sgd(0);
      const training = await compileStep(
        {
          inputs: { x: { shape: [...one.shape] } },
          step: ({ x }) => ({
            loss: optimizer.minimize(() => compiled.apply(x!, { training: true }).square().mean(), true, [gamma])!,
          }),
        },
        { device: 'cpu', random: new Random(1) },
      );
      for (const step of STEPS) await training.run('step', { x: batchOf(one, step) });
      await training.writeBack();
      expectClose(weight(compiled, 'moving_mean').dataSync(), one.mean);
      expectClose(weight(compiled, 'moving_variance').dataSync(), one.variance);
    });
  }

  it('normalises a batch by its biased variance, and by the running average in inference', () => {
    const net = sequential([tf.layers.inputLayer({ inputShape: [1] }), batchNormalisation()]);
    const x = tf.tensor2d([1, 3], [2, 1]);
    const trained = net.apply(x, { training: true }).dataSync();
    expectClose(trained, [-1 / Math.sqrt(1 + 1e-5), 1 / Math.sqrt(1 + 1e-5)]);
    // 0.9 * 0 + 0.1 * 2 and 0.9 * 1 + 0.1 * 2.
    expectClose(
      net.apply(x).dataSync(),
      [0.8, 2.8].map((value) => value / Math.sqrt(1.1 + 1e-5)),
    );
  });

  it('refuses a batch with one value per channel, which has no variance', () => {
    const layer = batchNormalisation();
    expect(() => layer.apply(tf.tensor2d([[1, 2]]), { training: true })).to.throw(InputError, 'has no variance');
  });
});
