import { compileStep, compileTraining, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';

const SIZE = 1000;
const options = { device: 'cpu', random: new Random(1) } as const;
const names = new Map<tf.Variable, string>();
const named = (name: string, value: tf.Tensor): tf.Variable => {
  const variable = tf.variable(value);
  names.set(variable, name);
  return variable;
};
const nameOf = (variable: tf.Variable): string | undefined => names.get(variable);
const ramp = (): tf.Tensor => tf.range(0, SIZE).div(SIZE);

describe('state that is updated in place', () => {
  beforeEach(() => tf.setBackend('cpu'));
  afterEach(() => names.clear());

  it("is Adam's moments and running averages, and no weight", async () => {
    const weight = named('weight', tf.ones([SIZE, 2]));
    const average = named('average', tf.zeros([SIZE, 2]));
    const optimizer = tf.train.adam(0.1);
    await using training = await compileStep(
      {
        inputs: { x: { shape: [4, SIZE] } },
        step: ({ x }) => {
          const loss = optimizer.minimize(
            () =>
              tf
                .matMul(x!, weight as tf.Tensor2D)
                .square()
                .mean(),
            true,
          )!;
          average.assign(tf.add(tf.mul(average, 0.9), tf.mul(weight, 0.1)));
          return { loss };
        },
      },
      { ...options, nameOf },
    );
    const { graph } = training.portable().step!;
    const moments = Object.entries(await training.state()).filter(
      ([name, { data }]) => name.startsWith('slot/') && data.length === 2 * SIZE,
    );
    assert.lengthOf(moments, 2);
    assert.sameMembers([...graph.inPlace], [...moments.map(([name]) => name), 'average']);
  });

  it('is none that something reads which the new value does not wait for', async () => {
    const expected = { a: ramp(), b: ramp(), c: ramp() };
    const a = named('a', ramp());
    const b = named('b', ramp().reshape([10, 100]));
    const c = named('c', ramp());
    await using training = await compileStep(
      {
        inputs: { x: { shape: [SIZE] } },
        step: ({ x }) => {
          const metrics = { before: tf.sum(tf.mul(a, 2)) };
          const squared = tf.matMul(b as tf.Tensor2D, b as tf.Tensor2D, false, true);
          b.assign(tf.add(tf.mul(b, 0.5), tf.mean(squared).div(SIZE)));
          a.assign(tf.add(tf.mul(a, 0.9), x!));
          c.assign(tf.sub(tf.mul(c, 0.9), x!));
          return metrics;
        },
      },
      { ...options, nameOf },
    );
    assert.deepEqual(training.portable().step!.graph.inPlace, ['c']);
    const x = Float32Array.from({ length: SIZE }, (_, i) => Math.sin(i));
    for (let step = 0; step < 4; step++) {
      const { before } = await training.run('step', { x });
      assert.closeTo(before!, expected.a.sum().mul(2).dataSync()[0]!, 1e-2);
      expected.a = expected.a.mul(0.9).add(x);
      const matrix = expected.b.reshape<tf.Tensor2D>([10, 100]);
      expected.b = expected.b.mul(0.5).add(matrix.matMul(matrix, false, true).mean().div(SIZE));
      expected.c = expected.c.mul(0.9).sub(x);
    }
    const state = await training.state();
    for (const [name, values] of Object.entries(expected)) {
      const worst = values
        .sub(state[name]!.data as Float32Array)
        .abs()
        .max()
        .dataSync()[0]!;
      assert.isAtMost(worst, 1e-5, name);
    }
  });

  it('is none whose old value the step gives to another variable, or as a metric', async () => {
    const [first, previous, current] = [tf.ones([SIZE]), tf.zeros([SIZE]), tf.zeros([SIZE])];
    const before = named('previous', previous);
    const now = named('current', current);
    const count = named('count', tf.scalar(0));
    await using training = await compileStep(
      {
        inputs: {},
        step: () => {
          const metrics = { counted: count.clone() as tf.Tensor };
          before.assign(now.clone());
          now.assign(tf.add(tf.mul(now, 0.5), first));
          count.assign(tf.add(tf.mul(count, 1), 1));
          return metrics;
        },
      },
      { ...options, nameOf },
    );
    assert.deepEqual(training.portable().step!.graph.inPlace, []);
    for (const [i, [old, next]] of [
      [0, 1],
      [1, 1.5],
      [1.5, 1.75],
    ].entries()) {
      assert.deepEqual(await training.run('step', {}), { counted: i });
      const state = await training.state();
      assert.deepEqual([state.previous!.data[SIZE - 1], state.current!.data[SIZE - 1]], [old, next]);
    }
  });

  it('may be all that a step computes, and be read by another step', async () => {
    const average = named('average', tf.zeros([SIZE]));
    await using training = await compileTraining(
      {
        follow: {
          inputs: { x: { shape: [SIZE] } },
          step: ({ x }) => {
            average.assign(tf.add(tf.mul(average, 0.5), x!));
            return {};
          },
        },
        read: { inputs: {}, step: () => ({ mean: tf.mean(average) }) },
      },
      { ...options, nameOf },
    );
    const x = new Float32Array(SIZE).fill(1);
    for (const mean of [1, 1.5, 1.75]) {
      assert.deepEqual(await training.run('follow', { x }), {});
      assert.closeTo((await training.run('read', {})).mean!, mean, 1e-6);
    }
  });
});
