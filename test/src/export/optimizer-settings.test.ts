import { type CompiledTraining, compileStep, compileTraining, StepChangedError, tf } from '@onnx-forge/export';
import { type ForgeError, Random } from '@onnx-forge/infer';
import { assert } from 'chai';

const INITIAL = [1, -2, 0.5];
const X = Float32Array.of(1, 2, 0.5);
const STEPS = 6;

/** Half of the mean of ((w - 3) x)^2, and its gradient by hand. */
const lossOf = (w: tf.Tensor, x: tf.Tensor): tf.Scalar => tf.mean(tf.square(tf.mul(tf.sub(w, 3), x)));
const gradientOf = (w: readonly number[]): number[] => w.map((value, i) => (2 * (value - 3) * X[i]! ** 2) / 3);

/** Trains a compiled step; `change` is called before each. */
async function compiled(optimizer: tf.Optimizer, change: (step: number) => void): Promise<Float32Array> {
  const w = tf.variable(tf.tensor1d(INITIAL));
  await using training = await open(w, optimizer);
  for (let i = 0; i < STEPS; i++) {
    change(i);
    await training.run('step', { x: X });
  }
  await training.writeBack();
  return w.data<'float32'>();
}

function open(w: tf.Variable, optimizer: tf.Optimizer): Promise<CompiledTraining> {
  const step = ({ x }: Record<string, tf.Tensor>) => ({ loss: optimizer.minimize(() => lossOf(w, x!), true)! });
  return compileStep({ inputs: { x: { shape: [3] } }, step }, { device: 'cpu', random: new Random(1) });
}

/** The same by tfjs itself. */
function eager(optimizer: tf.Optimizer, change: (step: number) => void): Float32Array {
  const w = tf.variable(tf.tensor1d(INITIAL));
  for (let i = 0; i < STEPS; i++) {
    change(i);
    optimizer.minimize(() => lossOf(w, tf.tensor1d(X)));
  }
  return w.dataSync<'float32'>();
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const moved = Math.max(...Array.from(expected, (value, i) => Math.abs(value - INITIAL[i]!)));
  for (let i = 0; i < expected.length; i++) assert.closeTo(actual[i]!, expected[i]!, 1e-4 * moved, what);
}

async function rejected(promise: Promise<unknown>): Promise<ForgeError> {
  return promise.then(
    () => assert.fail('it was accepted'),
    (error: ForgeError) => error,
  );
}

type Fields = Record<string, unknown>;

function setRate(optimizer: tf.Optimizer, rate: number): void {
  if ('setLearningRate' in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rate);
  else (optimizer as unknown as Fields).learningRate = rate;
}

/** An optimizer of tfjs, and its settings beside the learning rate. */
const OPTIMIZERS: Readonly<Record<string, readonly [make: () => tf.Optimizer, settings: readonly string[]]>> = {
  sgd: [() => tf.train.sgd(0.05), []],
  momentum: [() => tf.train.momentum(0.05, 0.9), ['momentum', 'useNesterov', 'm']],
  nesterov: [() => tf.train.momentum(0.05, 0.9, true), ['momentum', 'useNesterov']],
  adagrad: [() => tf.train.adagrad(0.05), ['initialAccumulatorValue']],
  adadelta: [() => tf.train.adadelta(0.05, 0.9, 1e-4), ['rho', 'epsilon']],
  adam: [() => tf.train.adam(0.05), ['beta1', 'beta2', 'epsilon']],
  adamax: [() => tf.train.adamax(0.05, 0.9, 0.99, 1e-7, 0.1), ['beta1', 'beta2', 'epsilon', 'decay']],
  rmsprop: [() => tf.train.rmsprop(0.05, 0.9, 0.5), ['decay', 'momentum', 'epsilon', 'centered']],
  'rmsprop centered': [() => tf.train.rmsprop(0.05, 0.9, 0.5, 1e-4, true), ['decay', 'momentum', 'epsilon']],
};

describe('settings of optimizers in compiled steps', () => {
  beforeEach(() => tf.setBackend('cpu'));

  for (const [name, [make, settings]] of Object.entries(OPTIMIZERS)) {
    it(`${name}: the learning rate may change, as in eager tfjs`, async () => {
      const rates = [0.05, 0.05, 0.01, 0.2, 0, 0.03];
      const [one, other] = [make(), make()];
      const found = await compiled(one, (step) => setRate(one, rates[step]!));
      assertClose(
        found,
        eager(other, (step) => setRate(other, rates[step]!)),
        name,
      );
    });

    it(`${name}: a change of another setting is refused, and taken back is none`, async () => {
      const optimizer = make();
      const fields = optimizer as unknown as Fields;
      await using training = await open(tf.variable(tf.tensor1d(INITIAL)), optimizer);
      await training.run('step', { x: X });
      for (const setting of settings) {
        const before = fields[setting];
        fields[setting] = typeof before === 'boolean' ? !before : 0.25;
        const error = await rejected(training.run('step', { x: X }));
        assert.instanceOf(error, StepChangedError);
        assert.include(error.message, setting);
        assert.throws(() => training.portable(), StepChangedError);
        fields[setting] = before;
      }
      await training.run('step', { x: X });
    });
  }

  it('new slots from elsewhere are refused', async () => {
    const [optimizer, other] = [tf.train.momentum(0.05, 0.9), tf.train.momentum(0.05, 0.9)];
    await using training = await open(tf.variable(tf.tensor1d(INITIAL)), optimizer);
    await optimizer.setWeights(await other.getWeights());
    assert.match((await rejected(training.run('step', { x: X }))).message, /accumulations of optimizer Momentum/);
  });

  it('adagrad, rmsprop and adam follow their formulas, with a rate that changes', async () => {
    const rates = [0.05, 0.05, 0.01, 0.2, 0.1, 0.03];
    // In float64: Duchi et al. 2011, with tfjs's first accumulator of .1; Hinton's lecture 6e with momentum; Kingma and Ba 2015.
    const formulas: Record<string, [tf.Optimizer, () => (g: number, rate: number) => number]> = {
      adagrad: [
        tf.train.adagrad(0.05),
        () => {
          let sum = 0.1;
          return (g, rate) => {
            sum += g * g;
            return (rate * g) / Math.sqrt(sum + 1e-7);
          };
        },
      ],
      rmsprop: [
        tf.train.rmsprop(0.05, 0.8, 0.5, 1e-6),
        () => {
          let [square, moment] = [0, 0];
          return (g, rate) => {
            square = 0.8 * square + 0.2 * g * g;
            moment = 0.5 * moment + (rate * g) / Math.sqrt(square + 1e-6);
            return moment;
          };
        },
      ],
      adam: [
        tf.train.adam(0.05, 0.8, 0.9, 1e-6),
        () => {
          let [m, v, t] = [0, 0, 0];
          return (g, rate) => {
            [m, v, t] = [0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g * g, t + 1];
            return (rate * (m / (1 - 0.8 ** t))) / (Math.sqrt(v / (1 - 0.9 ** t)) + 1e-6);
          };
        },
      ],
    };
    for (const [name, [optimizer, formula]] of Object.entries(formulas)) {
      const updates = INITIAL.map(formula);
      let w = INITIAL;
      for (const rate of rates) {
        const gradient = gradientOf(w);
        w = w.map((value, i) => value - updates[i]!(gradient[i]!, rate));
      }
      assertClose(await compiled(optimizer, (step) => setRate(optimizer, rates[step]!)), w, name);
    }
  });

  it('two optimizers in one step keep rates and slots apart', async () => {
    const make = () => {
      const [a, b] = [tf.variable(tf.tensor1d(INITIAL)), tf.variable(tf.tensor1d(INITIAL))];
      const [first, second] = [tf.train.adagrad(0.1), tf.train.adagrad(0.1)];
      const step = (x: tf.Tensor) => {
        const loss = first.minimize(() => lossOf(a, x), true, [a])!;
        second.minimize(() => lossOf(b, x), false, [b]);
        return { loss };
      };
      return { a, b, first, second, step };
    };
    const [traced, plain] = [make(), make()];
    await using training = await compileStep(
      { inputs: { x: { shape: [3] } }, step: ({ x }) => traced.step(x!) },
      { device: 'cpu', random: new Random(1) },
    );
    for (let i = 0; i < STEPS; i++) {
      for (const { second } of [traced, plain]) setRate(second, i < 3 ? 0.1 : 0.7);
      await training.run('step', { x: X });
      plain.step(tf.tensor1d(X));
    }
    await training.writeBack();
    for (const key of ['a', 'b'] as const) assertClose(traced[key].dataSync(), plain[key].dataSync(), key);
    assert.notDeepEqual(traced.a.dataSync(), traced.b.dataSync());
  });

  /** Decoupled weight decay (Loshchilov and Hutter 2019): it uses the learning rate beside tfjs's own update. */
  class Decaying extends tf.AdamOptimizer {
    weightDecay = 0.1;

    override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
      const names = Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients);
      for (const name of names) {
        const variable = tf.engine().registeredVariables[name]!;
        variable.assign(tf.tidy(() => tf.mul(variable, 1 - this.learningRate * this.weightDecay)));
      }
      super.applyGradients(gradients as { name: string; tensor: tf.Tensor }[]);
    }
  }

  /** Sign descent, with nothing of tfjs's but the base class. */
  class Signs extends tf.Optimizer {
    static readonly className = 'Signs';
    rate = 0.05;

    override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
      const list = Array.isArray(gradients)
        ? gradients.map(({ name, tensor }) => [name, tensor] as const)
        : Object.entries(gradients);
      for (const [name, gradient] of list) {
        const variable = tf.engine().registeredVariables[name]!;
        variable.assign(tf.tidy(() => tf.sub(variable, tf.mul(tf.sign(gradient), this.rate))));
      }
      this.incrementIterations();
    }

    override getConfig(): tf.serialization.ConfigDict {
      return { rate: this.rate };
    }
  }

  for (const [name, make, rate] of [
    ['derived from Adam', () => new Decaying(0.05, 0.9, 0.999), 'learningRate'],
    ['of the user’s own', () => new Signs(), 'rate'],
  ] as const) {
    it(`a class ${name} trains as in eager tfjs; its rate may not change`, async () => {
      assertClose(
        await compiled(make(), () => {}),
        eager(make(), () => {}),
        name,
      );
      const optimizer = make();
      await using training = await open(tf.variable(tf.tensor1d(INITIAL)), optimizer);
      await training.run('step', { x: X });
      (optimizer as unknown as Fields)[rate] = 0.5;
      const error = await rejected(training.run('step', { x: X }));
      assert.instanceOf(error, StepChangedError);
      assert.match(error.message, new RegExp(`the ${rate} of optimizer \\w+ was changed from 0.05 to 0.5 .*compile`));
    });
  }

  it('an optimizer that the step makes anew is refused, but for sgd, which keeps nothing', async () => {
    for (const kind of ['sgd', 'momentum', 'adagrad', 'adadelta', 'adam', 'adamax', 'rmsprop'] as const) {
      const w = tf.variable(tf.tensor1d(INITIAL));
      const make = (): tf.Optimizer => (kind === 'momentum' ? tf.train.momentum(0.1, 0.9) : tf.train[kind](0.1));
      const step = ({ x }: Record<string, tf.Tensor>) => ({ loss: make().minimize(() => lossOf(w, x!), true)! });
      const training = compileStep({ inputs: { x: { shape: [3] } }, step }, { device: 'cpu', random: new Random(1) });
      if (kind !== 'sgd') {
        assert.match((await rejected(training)).message, /step step makes a variable.*optimizer.*outside/);
        continue;
      }
      await using sgd = await training;
      await sgd.run('step', { x: X });
      await sgd.writeBack();
      assertClose(
        w.dataSync(),
        INITIAL.map((value, i) => value - 0.1 * gradientOf(INITIAL)[i]!),
        kind,
      );
    }
  });
});

describe('steps and batches that are refused', () => {
  beforeEach(() => tf.setBackend('cpu'));

  const options = { device: 'cpu', random: new Random(1) } as const;
  const x = { shape: [2, 3] };

  it('names what a step returned instead of scalars', async () => {
    const w = tf.variable(tf.zeros([2, 3]));
    const optimizer = tf.train.sgd(0.1);
    for (const [returned, message] of [
      [async () => ({ loss: tf.sum(w) }), /^an async step.*promise/],
      [async () => ({ loss: tf.scalar((await tf.sum(w).data())[0]!) }), /^an async step.*promise/],
      [() => undefined, /must return its metrics.*not undefined/],
      [() => tf.sum(w), /must return its metrics.*not a tensor \[\]/],
      [() => [tf.sum(w)], /must return its metrics.*not an array/],
      [() => ({ loss: 3 }), /^metric loss must be a scalar tensor, not a number/],
      [() => ({ loss: optimizer.minimize(() => tf.sum(w)) }), /^metric loss must be a scalar tensor, not null/],
      [() => ({ loss: w }), /^metric loss must be a scalar, not \[2,3\]/],
      [() => ({ loss: tf.scalar('a') }), /^metric loss must be a number, not string/],
    ] as const) {
      const step = returned as unknown as () => Record<string, tf.Tensor>;
      const error = await rejected(compileStep({ inputs: {}, step }, options));
      assert.include(error, { code: 'signature' });
      assert.match(error.message, message);
    }
  });

  it('takes metrics of other types, none, and one tensor twice', async () => {
    const w = tf.variable(tf.scalar(1));
    const step = (batch: Record<string, tf.Tensor>): Record<string, tf.Tensor> => {
      const total = tf.sum(batch.x!);
      w.assign(tf.add(w, total) as tf.Scalar);
      const count = tf.sum(tf.cast(tf.greater(batch.x!, 0), 'int32'));
      return { total, again: total, count, some: tf.any(tf.greater(batch.x!, 5)), weight: w };
    };
    const silent = (batch: Record<string, tf.Tensor>) => {
      step(batch);
      return {};
    };
    await using training = await compileTraining(
      { told: { inputs: { x }, step }, silent: { inputs: { x }, step: silent } },
      options,
    );
    const batch = { x: Float32Array.of(1, 2, 3, 0, 0, 6) };
    assert.deepEqual(await training.run('told', batch), { total: 12, again: 12, count: 4, some: 1, weight: 13 });
    assert.deepEqual(await training.run('silent', batch), {});
    assert.include(await training.run('told', batch), { weight: 37 });
  });

  it('names a metric, input or variable whose name is taken', async () => {
    const w = tf.variable(tf.scalar(1));
    const step = (batch: Record<string, tf.Tensor>) => {
      w.assign(tf.mean(batch.x!) as tf.Scalar);
      return { x: tf.sum(tf.mul(w, 2)) };
    };
    for (const [name, nameOf] of [
      ['x', () => 'w'],
      ['next/w', () => 'w'],
      ['w', () => 'w'],
    ] as const) {
      const named = (batch: Record<string, tf.Tensor>) => ({ [name]: tf.add(step(batch).x, tf.sum(w)) });
      const reading = (batch: Record<string, tf.Tensor>) => {
        const before = tf.add(w, 0);
        return { [name]: tf.add(named(batch)[name]!, before) };
      };
      const error = await rejected(compileStep({ inputs: { x }, step: reading }, { ...options, nameOf }));
      assert.include(error, { code: 'signature' });
      assert.include(error.message, `'${name}'`);
    }
  });

  it('names an array of a batch that is missing, unknown, of another size or type', async () => {
    const step = (batch: Record<string, tf.Tensor>) => ({ total: tf.add(tf.sum(batch.x!), tf.sum(batch.label!)) });
    const inputs = { x, label: { shape: [2], dtype: 'int32' } } as const;
    await using training = await compileStep({ inputs, step }, options);
    const [data, label] = [new Float32Array(6), new Int32Array(2)];
    const refused = async (batch: object): Promise<string> => {
      const error = await rejected(training.run('step', batch as Record<string, Float32Array>));
      assert.include(error, { code: 'bad-input' });
      return error.message;
    };
    assert.match(await refused({ label }), /needs 'x' in its batch: float32 \[2, 3\]/);
    assert.match(await refused({ x: new Float32Array(9), label }), /'x'.*float32 \[2, 3\] \(6 numbers\), not 9/);
    assert.match(await refused({ x: new Float64Array(6), label }), /'x'.*Float32Array of 6, not a Float64Array/);
    assert.match(await refused({ x: [0, 0, 0, 0, 0, 0], label }), /'x'.*Float32Array of 6, not an array/);
    assert.match(
      await refused({ x: data, label: new Float32Array(2) }),
      /'label'.*Int32Array of 2, not a Float32Array/,
    );
    assert.match(await refused({ x: data, label, y: data }), /no 'y' in its batch; it takes: x \[2,3\], label \[2\]/);
    assert.deepEqual(await training.run('step', { x: data.fill(1), label }), { total: 6 });
  });
});
