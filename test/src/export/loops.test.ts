import {
  compileStep,
  exportOnnx,
  type OnnxExport,
  SignatureError,
  TraceMismatchError,
  tf,
  verify,
  whileLoop,
} from '@onnx-forge/export';
import { openSession, Random, type Tensor } from '@onnx-forge/infer';
import { assert } from 'chai';
import onnxProto, { type onnx } from 'onnx-proto';

const graphOf = ({ bytes }: OnnxExport): onnx.IGraphProto => onnxProto.onnx.ModelProto.decode(bytes).graph!;
const loopsOf = ({ node }: onnx.IGraphProto) => (node ?? []).filter(({ opType }) => opType === 'Loop');
const bodyOf = ({ attribute }: onnx.INodeProto) => attribute!.find(({ name }) => name === 'body')!.g!;
const ops = ({ node }: onnx.IGraphProto) => (node ?? []).map(({ opType }) => opType);

async function ran(exported: OnnxExport, feeds: Readonly<Record<string, Tensor>>) {
  const session = await openSession(exported.bytes, { device: 'cpu' });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

const floats = (data: readonly number[], dims: readonly number[] = [data.length]): Tensor => {
  return { type: 'float32', dims, data: Float32Array.from(data) };
};

/** How often each number of a batch is halved until it is below 1, and what is left: at most 20 times. */
function halvings({ x }: Record<string, tf.Tensor>): Record<string, tf.Tensor> {
  const { value, count, steps } = whileLoop({
    most: 20,
    state: { value: x!, count: tf.zerosLike(x!), steps: tf.scalar(0, 'int32') },
    step(last, index) {
      const large = last.value.greaterEqual(1).toFloat();
      const value = last.value.sub(last.value.mul(0.5).mul(large));
      return { value, count: last.count.add(large), steps: index.add(tf.scalar(1, 'int32')) as tf.Scalar };
    },
    goOn: ({ value }) => value.greaterEqual(1).any(),
  });
  return { value, count, steps };
}

/** The same in float64, without tfjs. */
function counted(numbers: readonly number[]) {
  const count = numbers.map((x) => {
    let n = 0;
    for (let value = x; value >= 1 && n < 20; value /= 2) n++;
    return n;
  });
  return { count, value: numbers.map((x, i) => x / 2 ** count[i]!), steps: Math.min(20, Math.max(1, ...count)) };
}

describe('whileLoop', () => {
  before(() => tf.setBackend('cpu'));

  it('is one Loop of as many steps as the data need, at any size of a free dimension; unrolled it gives the same', async () => {
    const exported = exportOnnx(halvings, { inputs: { x: { shape: ['batch'] } } });
    assert.lengthOf(loopsOf(graphOf(exported)), 1);
    assert.deepEqual(exported.outputs.value!.shape, ['batch']);
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      for (const batch of [1, 2, 7]) {
        const numbers = Array.from({ length: batch }, () => Math.fround(random.uniform() * 2 ** random.integer(24)));
        const expected = counted(numbers);
        const found = await ran(exported, { x: floats(numbers) });
        const eager = halvings({ x: tf.tensor1d(numbers) });
        for (const name of ['value', 'count', 'steps'] as const) {
          assert.deepEqual([...found[name]!.data].map(Number), [expected[name]].flat(), `${name} of ${numbers}`);
          assert.deepEqual([...eager[name]!.dataSync()], [expected[name]].flat(), `${name} of ${numbers}`);
        }
      }
    }
  });

  it('computes outside what no step changes, and agrees with tfjs', async () => {
    const matrix = tf.tensor2d([0.5, -0.25, 1, 0.125], [2, 2]);
    const f = ({ x }: Record<string, tf.Tensor>) => {
      const { y } = whileLoop({
        most: 5,
        state: { y: x! },
        step: ({ y }) => ({ y: tf.matMul(y, matrix.exp()).add(x!.tanh()) }),
      });
      return { y };
    };
    const exported = exportOnnx(f, { inputs: { x: { shape: ['rows', 2] } } });
    const graph = graphOf(exported);
    const body = bodyOf(loopsOf(graph)[0]!);
    assert.notIncludeMembers(ops(body), ['Tanh', 'Exp']);
    assert.includeMembers(ops(graph), ['Tanh', 'Exp']);
    assert.isAtMost((await verify(exported, f)).worst, 1e-3);
  });

  it('holds a loop in a loop, what it was given, and what comes after it', async () => {
    const f = ({ x }: Record<string, tf.Tensor>) => {
      const { sum, same } = whileLoop({
        most: 3,
        state: { sum: tf.zerosLike(x!), same: x! },
        step({ sum, same }, i) {
          // x + 2x + ... : 2 to the power of i + 1 times x.
          const { grown } = whileLoop({
            most: 3,
            state: { grown: same, left: i },
            step: ({ grown, left }) => ({ grown: grown.mul(2), left: left.sub(tf.scalar(1, 'int32')) }),
            goOn: ({ left }) => left.greaterEqual(0).all(),
          });
          return { sum: sum.add(grown), same };
        },
      });
      return { y: sum.add(same), same };
    };
    const exported = exportOnnx(f, { inputs: { x: { shape: ['n'] } } });
    const [outer] = loopsOf(graphOf(exported)) as [onnx.INodeProto];
    assert.lengthOf(loopsOf(bodyOf(outer)), 1);
    const { y, same } = await ran(exported, { x: floats([1, -3]) });
    assert.deepEqual([...y!.data], [15, -45]);
    assert.deepEqual([...same!.data], [1, -3]);
    assert.deepEqual([...f({ x: tf.tensor1d([1, -3]) }).y.dataSync()], [15, -45]);
  });

  it('has gradients outside of an export, through the steps that were taken alone', () => {
    // x -> x^2 until it is 10 or more: x^2, x^4 ...; d x^(2^n) = 2^n x^(2^n - 1).
    const f = (x: tf.Tensor) =>
      whileLoop({ most: 6, state: { y: x }, step: ({ y }) => ({ y: y.square() }), goOn: ({ y }) => y.less(10).any() })
        .y;
    for (const [x, n] of [
      [2, 2],
      [1.5, 3],
      [1.01, 6],
    ] as const) {
      const power = 2 ** n;
      const [gradient] = tf
        .grad(f)(tf.tensor1d([x]))
        .dataSync();
      assert.closeTo(gradient! / (power * x ** (power - 1)), 1, 1e-5);
    }
  });

  it('in a compiled step it is unrolled, with the gradients of the eager one', async () => {
    const x = [0.5, 0.8];
    const problem = () => {
      const w = tf.variable(tf.tensor1d([0.9, 1.1]));
      const optimizer = tf.train.sgd(0.01);
      const step = (batch: Record<string, tf.Tensor>) => {
        const { value, grads } = tf.variableGrads(() => {
          const { y } = whileLoop({
            most: 4,
            state: { y: batch.x!.mul(w) },
            step: ({ y }) => ({ y: y.mul(w).add(0.5) }),
            goOn: ({ y }) => y.sum().less(3),
          });
          return y.sum() as tf.Scalar;
        }, [w]);
        optimizer.applyGradients(grads);
        return { loss: value };
      };
      return { w, step };
    };
    const [compiled, eager] = [problem(), problem()];
    const definition = { inputs: { x: { shape: [2] } }, step: compiled.step };
    const training = await compileStep(definition, { device: 'cpu', random: new Random(1) });
    for (let i = 0; i < 5; i++) {
      const { loss } = await training.run('step', { x: Float32Array.from(x) });
      const expected = tf.tidy(() => eager.step({ x: tf.tensor1d(x) }).loss!.dataSync()[0]!);
      assert.closeTo(loss! / expected, 1, 1e-6, `step ${i}`);
    }
    await training.writeBack();
    await training.dispose();
    for (const [i, value] of eager.w.dataSync().entries()) assert.closeTo(compiled.w.dataSync()[i]!, value, 1e-6);
  });

  it("leaves nothing behind but its state, which is the caller's own", () => {
    const x = tf.tensor1d([3, 40]);
    const before = tf.memory().numTensors;
    const [count, steps] = [tf.zerosLike(x), tf.scalar(0, 'int32')];
    const state = whileLoop<Record<'x' | 'count' | 'steps', tf.Tensor>>({
      most: 4,
      state: { x, count, steps },
      step: (last, index) => ({ x: last.x.div(2), count: last.count.add(1), steps: index }),
      goOn: (last) => last.x.greater(4).any(),
    });
    assert.equal(tf.memory().numTensors, before + 2 + 3);
    tf.dispose([count, steps, state.x, state.count, state.steps]);
    const { y } = whileLoop({ most: 2, state: { y: x }, step: (state) => state });
    y.dispose();
    assert.deepEqual([...x.dataSync()], [3, 40]);
  });

  it('refuses what is no loop, in a line', () => {
    const x = tf.tensor1d([1, 2]);
    const signature = { inputs: { x: { shape: [2] } } };
    const cases: readonly [string, RegExp, () => Parameters<typeof whileLoop>[0]][] = [
      ['most', /most must be a positive whole number, not 0/, () => ({ most: 0, state: { x }, step: (s) => s })],
      ['nothing', /there is no state/, () => ({ most: 1, state: {}, step: (s) => s })],
      ['less', /the step does not give 'x'/, () => ({ most: 1, state: { x }, step: () => ({}) })],
      ['more', /gives more than it got: 'y'/, () => ({ most: 1, state: { x }, step: (s) => ({ ...s, y: x }) })],
      [
        'shape',
        /changes 'x' from float32\[2\] to float32\[2, 1\]/,
        () => ({ most: 1, state: { x }, step: ({ x }) => ({ x: x!.expandDims(1) }) }),
      ],
      [
        'dtype',
        /changes 'x' from float32\[2\] to int32\[2\]/,
        () => ({ most: 1, state: { x }, step: ({ x }) => ({ x: x!.toInt() }) }),
      ],
      [
        'condition',
        /goOn must be bool\[\], not bool\[2\]/,
        () => ({ most: 2, state: { x }, step: (s) => s, goOn: ({ x }) => x!.greater(0) }),
      ],
    ];
    for (const [name, message, loop] of cases) {
      assert.throws(() => whileLoop(loop()), SignatureError, message, name);
      const exportIt = () =>
        exportOnnx(({ x }) => {
          const { state, ...rest } = loop();
          return { y: whileLoop({ ...rest, state: 'x' in state ? { x: x! } : state }).x!.add(0) };
        }, signature);
      assert.throws(exportIt, SignatureError, message, name);
    }
    let calls = 0;
    const changing = () =>
      exportOnnx(
        ({ x }) => whileLoop({ most: 3, state: { x: x! }, step: ({ x }) => ({ x: x.mul(++calls) }) }),
        signature,
      );
    assert.throws(changing, TraceMismatchError, /the step does something else each time/);
    const drawing = () =>
      exportOnnx(
        ({ x }) => whileLoop({ most: 3, state: { x: x! }, step: ({ x }) => ({ x: x.add(tf.randomNormal([2])) }) }),
        signature,
      );
    assert.throws(drawing, TraceMismatchError);
  });
});
