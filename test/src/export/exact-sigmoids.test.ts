import { compileStep, exportOnnx, tf } from '@onnx-forge/export';
import { openSession, Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import onnxProto from 'onnx-proto';

const X = [-80, -30, -20, -17, -15, -12, -5, 0, 5, 30];
const EPSILON = 1e-12;

/** float64 */
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

async function run(f: (x: tf.Tensor) => tf.Tensor): Promise<{ values: number[]; operators: string[] }> {
  const { bytes } = exportOnnx(({ x }) => ({ y: f(x!) }), { inputs: { x: { shape: ['n'] } } });
  const session = await openSession(bytes, { device: 'cpu' });
  try {
    const { y } = await session.run({ x: { type: 'float32', dims: [X.length], data: Float32Array.from(X) } });
    const { node } = onnxProto.onnx.ModelProto.decode(bytes).graph!;
    return { values: [...(y!.data as Float32Array)], operators: node!.map(({ opType }) => opType!) };
  } finally {
    await session.dispose();
  }
}

function expectNear(values: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of values.entries()) {
    expect(value, `at ${X[i]}`).to.be.closeTo(expected[i]!, 2e-6 * Math.max(1, Math.abs(expected[i]!)));
  }
}

describe('sigmoids', () => {
  it('have a logarithm, wherever it is taken', async () => {
    const { values } = await run((x) => tf.log(tf.sigmoid(x)));
    expectNear(
      values,
      X.map((x) => -Math.log1p(Math.exp(-x))),
    );
    const clipped = await run((x) =>
      tf.log(tf.sigmoid(x).reshape([-1, 1]).add(EPSILON).clipByValue(0, 1)).reshape([-1]),
    );
    expectNear(
      clipped.values,
      X.map((x) => Math.log(Math.min(1, Math.fround(sigmoid(x) + EPSILON)))),
    );
  });

  it('have one in a product, too', async () => {
    const { values } = await run((x) => tf.log(tf.sigmoid(x).mul(0.5)));
    expectNear(
      values,
      X.map((x) => Math.log(0.5) - Math.log1p(Math.exp(-x))),
    );
  });

  it('divide', async () => {
    const { values } = await run((x) => tf.div(1, tf.sigmoid(tf.maximum(x, -30))));
    expectNear(
      values,
      X.map((x) => 1 + Math.exp(-Math.max(x, -30))),
    );
  });

  it('are the operator of that name where nothing of the kind follows', async () => {
    const { operators } = await run((x) => tf.sigmoid(x).mul(2));
    expect(operators).to.include('Sigmoid').and.not.include('Exp');
  });

  it('give compiled steps the gradient of their logarithm: 1 - sigmoid(w)', async () => {
    const w = tf.variable(tf.tensor1d(X), true);
    const optimizer = tf.train.sgd(1);
    const step = ({ one }: Record<string, tf.Tensor>): { loss: tf.Scalar } => ({
      loss: optimizer.minimize(() => tf.log(tf.sigmoid(w)).mul(one!).sum<tf.Scalar>().neg(), true, [w])!,
    });
    try {
      await using training = await compileStep(
        { inputs: { one: { shape: [1] } }, step },
        { device: 'cpu', random: new Random(1) },
      );
      await training.run('step', { one: Float32Array.of(1) });
      await training.writeBack();
      const moved = [...(await w.data())].map((value, i) => value - X[i]!);
      for (const [i, by] of moved.entries()) expect(by, `at ${X[i]}`).to.be.closeTo(1 - sigmoid(X[i]!), 1e-5);
    } finally {
      optimizer.dispose();
      w.dispose();
    }
  });
});
