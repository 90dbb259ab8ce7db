import { compileTraining, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';

const RATE = 0.05;
const BETA1 = 0.8;
const BETA2 = 0.95;
const EPSILON = 1e-6;

/** Adam as its paper has it (Kingma and Ba 2015, algorithm 1), in float64; t counts the optimizer's updates. */
class ReferenceAdam {
  readonly #moments = new Map<string, { m: number[]; v: number[] }>();
  #t = 0;

  update(weights: Record<string, number[]>, gradients: Record<string, number[]>): void {
    this.#t++;
    for (const [name, gradient] of Object.entries(gradients)) {
      const zeros = (): number[] => gradient.map(() => 0);
      const { m, v } = this.#moments.get(name) ?? { m: zeros(), v: zeros() };
      this.#moments.set(name, { m, v });
      for (const [i, g] of gradient.entries()) {
        m[i] = BETA1 * m[i]! + (1 - BETA1) * g;
        v[i] = BETA2 * v[i]! + (1 - BETA2) * g * g;
        const [mean, square] = [m[i] / (1 - BETA1 ** this.#t), v[i] / (1 - BETA2 ** this.#t)];
        weights[name]![i]! -= (RATE * mean) / (Math.sqrt(square) + EPSILON);
      }
    }
  }
}

describe('compiled Adam', () => {
  beforeEach(() => tf.setBackend('cpu'));

  const initial = {
    a: [1, -2, 3],
    b: [0.5, -0.25],
    c: [2],
    large: Array.from({ length: 5000 }, (_, i) => Math.sin(i)),
  };
  type Name = keyof typeof initial;
  const names = Object.keys(initial) as Name[];

  /** Each step is the gradient descent of sum w^2 in some of the weights, all by one optimizer. */
  async function train(steps: Readonly<Record<string, readonly Name[]>>, order: readonly string[]): Promise<void> {
    const variables = Object.fromEntries(names.map((name) => [name, tf.variable(tf.tensor1d(initial[name]))]));
    const nameOf = (variable: tf.Variable): string | undefined => names.find((name) => variables[name] === variable);
    const optimizer = tf.train.adam(RATE, BETA1, BETA2, EPSILON);
    const definitions = Object.entries(steps).map(([step, updated]) => {
      const list = updated.map((name) => variables[name]!);
      const loss = (): tf.Scalar => tf.addN(list.map((variable) => tf.sum(tf.square(variable))));
      return [step, { inputs: {}, step: () => ({ loss: optimizer.minimize(loss, true, list)! }) }] as const;
    });
    const compile = { device: 'cpu', random: new Random(1), nameOf } as const;
    await using training = await compileTraining(Object.fromEntries(definitions), compile);
    const expected = Object.fromEntries(names.map((name) => [name, [...initial[name]]]));
    const reference = new ReferenceAdam();
    for (const step of order) {
      const gradients = steps[step]!.map((name) => [name, expected[name]!.map((w) => 2 * w)]);
      reference.update(expected, Object.fromEntries(gradients));
      await training.run(step, {});
    }
    const state = await training.state();
    for (const name of names) {
      const worst = Math.max(...expected[name]!.map((w, i) => Math.abs(w - state[name]!.data[i]!)));
      assert.isAtMost(worst, 2e-5, name);
    }
  }

  it('is the paper’s, for small variables that are updated together and for a large one', () =>
    train({ all: names }, Array(10).fill('all')));

  it('keeps the moments of variables apart that are not always updated together', () =>
    train({ all: names, some: ['b', 'large'], other: ['a', 'c'] }, [
      'all',
      'some',
      'some',
      'all',
      'other',
      'some',
      'all',
      'other',
      'all',
    ]));
});
