import { exportOnnx, registerOnnxBackend, tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { onBackend } from './on-backends.js';

/** In onnxruntime whatever the size; two of them side by side; and recorded, but run by tfjs's cpu kernels. */
const BACKENDS = {
  'onnx-first': { smallest: 0, opening: 0 },
  'onnx-second': { smallest: 0, opening: 0 },
  'onnx-host': { smallest: 0, opening: 1e9 },
};
const NAMES = Object.keys(BACKENDS);

interface Work {
  readonly opened: number;
  readonly pending: number;
}

const work = (): Work => (tf.backend() as unknown as { work: Work }).work;

const wave = (shape: number[], shift = 0): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.3 * i + shift)),
    shape,
  );

const counts = (): number[] => {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  return [numTensors, numDataBuffers, numBytes];
};

/** A classifier's training step. */
function training(): { step: () => tf.Scalar; weights: () => number[] } {
  const [w, b] = [tf.variable(wave([4, 3])), tf.variable(wave([3], 1))];
  const [x, y] = [wave([6, 4], 2), tf.oneHot(tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'), 3)];
  const optimizer = tf.train.adam(0.05);
  const loss = (): tf.Scalar => tf.losses.softmaxCrossEntropy(y, tf.elu(tf.add(tf.matMul(x, w), b)));
  return {
    step: () => optimizer.minimize(loss, true)!,
    weights: () => [w, b].flatMap((variable) => Array.from(variable.dataSync())),
  };
}

/** Runs `body` with a kernel call that fails; `nth` counts from 1. Returns how many calls there were. */
function failing(nth: number, body: () => void): number {
  const engine = tf.engine();
  const { runKernel } = engine;
  let calls = 0;
  engine.runKernel = function run<T extends tf.Tensor | tf.Tensor[]>(...args: Parameters<typeof runKernel>): T {
    calls++;
    if (calls === nth) throw new Error('a kernel failed');
    return runKernel.apply(engine, args) as T;
  };
  try {
    body();
  } finally {
    engine.runKernel = runKernel;
  }
  return calls;
}

describe("the user's things on the onnx backend", () => {
  before(() => {
    for (const [name, options] of Object.entries(BACKENDS)) registerOnnxBackend({ name, ...options });
  });
  after(async () => {
    await tf.setBackend('cpu');
    for (const name of NAMES) tf.removeBackend(name);
  });

  it('are after an error at any kernel of a training step as they are on tfjs cpu', async () => {
    const afterErrors = (backend: string, every = 1): Promise<unknown[]> =>
      onBackend(backend, () => {
        const { step, weights } = training();
        step().dispose();
        const calls = failing(0, () => step().dispose());
        const states: unknown[] = [];
        for (let nth = 1; nth <= calls; nth += every) {
          const [numbers, before] = [weights(), counts()];
          assert.throws(() => failing(nth, () => step().dispose()), 'a kernel failed');
          const { gradientDepth, kernelDepth, scopeStack } = tf.engine().state;
          const whole = String(weights()) === String(numbers); // the optimizer assigns one variable after the other
          states.push([
            nth,
            whole,
            counts().map((n, i) => n - before[i]!),
            gradientDepth,
            kernelDepth,
            scopeStack.length,
          ]);
        }
        states.push(step().dataSync()[0]!.toFixed(4));
        return states;
      });
    const expected = await afterErrors('cpu');
    assert.isAbove(expected.length, 50);
    assert.deepEqual(await afterErrors('onnx-host'), expected);
    assert.deepEqual(await afterErrors('onnx-first', 5), await afterErrors('cpu', 5)); // each opens a graph of its own
  });

  it('keep their values when an index that the step computes points nowhere', async () => {
    for (const name of NAMES) {
      await onBackend(name, () => {
        const table = tf.variable(wave([4, 2]));
        const before = Array.from(table.dataSync());
        const index = (): tf.Tensor1D => tf.add(tf.cast(tf.sum(tf.abs(table), 1), 'int32'), tf.scalar(9, 'int32'));
        const loss = (): tf.Scalar => tf.sum(tf.square(tf.gather(table, index())));
        assert.throws(() => tf.train.sgd(0.1).minimize(loss), /index value \d+ is not in \[0, 3\]/);
        assert.deepEqual(Array.from(table.dataSync()), before);
      });
    }
  });

  it('move between backends with work that is still to be done', async () => {
    const walk = async (path: readonly string[]): Promise<number[]> =>
      onBackend(path[0]!, async () => {
        const variable = tf.variable(wave([3, 3]));
        let x: tf.Tensor = wave([3, 3], 1);
        for (const name of path) {
          await tf.setBackend(name);
          variable.assign(tf.add(variable, x));
          x = tf.tanh(tf.matMul(x, variable));
        }
        return [...x.dataSync(), ...(await variable.data()), ...(await tf.complex(x, x).data())];
      });
    const expected = await walk(['cpu', 'cpu', 'cpu', 'cpu']);
    for (const path of [
      ['cpu', 'onnx-first', 'cpu', 'onnx-first'],
      ['onnx-first', 'onnx-second', 'onnx-first', 'onnx-second'],
      ['onnx-host', 'onnx-first', 'cpu', 'onnx-host'],
    ]) {
      const actual = await walk(path);
      for (const [i, e] of expected.entries()) assert.approximately(actual[i]!, e, 1e-5, path.join());
    }
  });

  it('are disposed while work on them waits', async () => {
    for (const name of NAMES) {
      await onBackend(name, async () => {
        const before = counts();
        const kept = tf.tidy(() => {
          const variable = tf.variable(wave([3]));
          variable.assign(tf.square(variable));
          const result = tf.keep(tf.add(variable, 1));
          variable.dispose();
          return result;
        });
        assert.deepEqual(counts(), [before[0]! + 1, before[1]! + 1, before[2]! + 12]);
        const expected = Array.from({ length: 3 }, (_, i) => Math.sin(1.3 * i) ** 2 + 1);
        for (const [i, value] of (await kept.data()).entries()) assert.approximately(value, expected[i]!, 1e-6);
        kept.dispose();
        assert.deepEqual(counts(), before);
      });
    }
  });

  it('say that their backend was removed, if they were not read before', async () => {
    registerOnnxBackend({ name: 'onnx-removed', smallest: 0, opening: 0 });
    await tf.setBackend('onnx-removed');
    const [read, held, waiting] = [tf.square(wave([2])), tf.square(wave([2])), tf.square(wave([2]))];
    read.dataSync();
    const later = tf.square(waiting);
    await tf.setBackend('cpu');
    tf.removeBackend('onnx-removed');
    assert.lengthOf(read.dataSync(), 2);
    for (const tensor of [held, later]) {
      assert.throws(() => tensor.dataSync(), /backend that was removed/);
      await tensor.data().then(
        () => assert.fail('it was read'),
        (error: Error) => assert.match(error.message, /backend that was removed/),
      );
    }
    tf.dispose([read, held, waiting, later]);
  });

  it('are not copied into ever more graphs and waiting calls by a long loop', async () => {
    await onBackend('onnx-first', async () => {
      const { step } = training();
      let [opened, most] = [0, 0];
      for (let n = 0; n < 400; n++) {
        const loss = step();
        if (n % 10 === 0) loss.dataSync();
        if (n % 25 === 0) await loss.data();
        if (n === 60) opened = work().opened;
        most = Math.max(most, work().pending);
        loss.dispose();
      }
      assert.equal(work().opened, opened);
      assert.isBelow(most, 300);
    });
  });

  it('are sums of losses that wait for the next step, where steps are so large that each runs at once', async () => {
    await tf.setBackend('onnx-first'); // in no scope: the step has its own, and the sums
    const [x, w, total] = [wave([1000, 1000]), tf.variable(wave([1000, 600], 1)), tf.variable(tf.scalar(0))];
    const optimizer = tf.train.sgd(1e-3);
    const waiting: number[] = [];
    const losses: tf.Scalar[] = [];
    const lossOf = (): tf.Scalar => {
      const y = tf.matMul(x, w);
      waiting.push(work().pending);
      return tf.mean(tf.square(y));
    };
    for (let n = 0; n < 3; n++) {
      const loss = tf.tidy(() => optimizer.minimize(lossOf, true)!);
      losses.push(loss);
      tf.tidy(() => total.assign(tf.add(total, tf.mul(loss, 2))));
    }
    assert.deepEqual(waiting, [1, 3, 3]); // the sum's two calls, and the product
    const sum = losses.reduce((sum, loss) => sum + 2 * loss.dataSync()[0]!, 0);
    assert.approximately(total.dataSync()[0]!, sum, 1e-5 * sum);
    tf.dispose([x, w, total, ...losses]);
  });

  it('can be exported while work on them waits', async () => {
    await onBackend('onnx-first', async () => {
      const { step, weights } = training();
      step().dispose();
      const before = counts();
      const layer = tf.tidy(() => tf.variable(tf.mul(wave([3]), 2)));
      const { bytes } = exportOnnx(({ x }) => ({ y: tf.mul(x!, layer) }), { inputs: { x: { shape: ['n', 3] } } });
      layer.dispose();
      assert.isAbove(bytes.length, 50);
      assert.deepEqual(counts(), before);
      assert.isTrue(weights().every(Number.isFinite));
    });
  });
});
