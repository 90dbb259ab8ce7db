import { registerOnnxBackend, tf } from '@onnx-forge/export';
import { assert } from 'chai';
import { type Outcome, onBackend, outcomeOn } from './on-backends.js';

/** All that onnxruntime can do is done by it. */
const ONNX = 'onnx-corners';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const FLOATS = [
  ...[nan, infinity, -infinity, 0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 3, -3, 4, 7.3, -7.3, 0.1, 1e-8],
  ...[3e9, -3e9, 2 ** 31, -(2 ** 31), 1e20, -1e20, 3.4e38, -3.4e38, 88.8, -88, -104, 100, 20, -20, 8388609],
];
const INTS = [
  ...[0, 1, -1, 2, -2, 3, -3, 7, -7, 2 ** 31 - 1, -(2 ** 31), 46341, -46341, 65536, 255, 2 ** 30, 31, 32, 33],
];
const BOOLS = [1, 0, 1, 1, 0];

const inputs = {
  float32: () => tf.tensor1d(FLOATS),
  int32: () => tf.tensor1d(INTS, 'int32'),
  bool: () => tf.tensor1d(BOOLS, 'bool'),
};
type Type = keyof typeof inputs;
const types = Object.keys(inputs) as Type[];

const UNARY = {
  exact: ['abs', 'ceil', 'floor', 'neg', 'relu', 'relu6', 'round', 'sign', 'square', 'step'],
  tests: ['isFinite', 'isInf', 'isNaN', 'onesLike', 'zerosLike', 'logicalNot'],
  smooth: [
    ...['acos', 'acosh', 'asin', 'asinh', 'atan', 'atanh', 'cos', 'cosh', 'elu', 'erf', 'exp', 'expm1', 'log', 'log1p'],
    ...['logSigmoid', 'reciprocal', 'rsqrt', 'selu', 'sigmoid', 'sin', 'sinh', 'softplus', 'sqrt', 'tan', 'tanh'],
  ],
  rows: ['softmax', 'logSoftmax', 'logSumExp', 'max', 'min', 'sum', 'mean', 'prod', 'any', 'all', 'cumsum', 'cumprod'],
};
const BINARY = [
  ...['add', 'sub', 'mul', 'div', 'divNoNan', 'floorDiv', 'maximum', 'minimum', 'squaredDifference', 'atan2'],
  ...['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual', 'mod', 'pow'],
];

/** Where a difference from tfjs's cpu kernels is meant (see the README): results of these operands are left out. */
const MEANT: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  pow: (a, b) => Math.abs(a) === 1 && !Number.isFinite(b), // IEEE 754: 1; JavaScript: NaN
  mod: (a, b) => !Number.isFinite(b) || Math.abs(b) > 1e7 * Math.abs(a),
};

function tolerance(op: string): number {
  return UNARY.exact.includes(op) || UNARY.tests.includes(op) ? 0 : 2e-6;
}

function assertSame(
  actual: Outcome,
  expected: Outcome,
  tolerated: number,
  what: string,
  skip?: (i: number) => boolean,
) {
  if (typeof actual === 'string' || typeof expected === 'string') return assert.equal(actual, expected, what);
  for (const [o, e] of expected.entries()) {
    const a: typeof e = actual[o]!;
    assert.deepEqual([a.dtype, a.shape], [e.dtype, e.shape], what);
    for (const [i, should] of e.values.entries()) {
      const is: number = a.values[i]!;
      const near = Math.abs(is - should) <= tolerated * Math.max(1, Math.abs(should));
      if (Object.is(is, should) || near || skip?.(i)) continue;
      assert.fail(`${what}[${i}]: ${is} instead of ${should}`);
    }
  }
}

async function compare(
  what: string,
  run: () => tf.Tensor | tf.Tensor[],
  tolerated = 2e-6,
  skip?: (i: number) => boolean,
) {
  assertSame(await outcomeOn(ONNX, run), await outcomeOn('cpu', run), tolerated, what, skip);
}

const call = (op: string, ...operands: tf.Tensor[]): tf.Tensor =>
  (tf as unknown as Record<string, (...operands: tf.Tensor[]) => tf.Tensor>)[op]!(...operands);

describe('the onnx backend in corners, against tfjs cpu', () => {
  before(() => registerOnnxBackend({ name: ONNX, smallest: 0, opening: 0 }));
  after(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend(ONNX);
  });

  for (const type of types) {
    it(`functions of one ${type} number`, async () => {
      for (const op of [...UNARY.exact, ...UNARY.tests, ...UNARY.smooth]) {
        await compare(`${op}(${type})`, () => call(op, inputs[type]()), tolerance(op));
      }
    });

    it(`functions of two ${type} numbers`, async () => {
      const size = { float32: FLOATS, int32: INTS, bool: BOOLS }[type].length;
      for (const op of BINARY) {
        const meant = type === 'float32' ? MEANT[op] : undefined;
        const skip = meant && ((i: number) => meant(FLOATS[Math.floor(i / size)]!, FLOATS[i % size]!));
        const run = () => call(op, tf.expandDims(inputs[type](), 1), tf.expandDims(inputs[type](), 0));
        await compare(`${op}(${type}, ${type})`, run, 2e-6, skip);
      }
    });

    it(`rows of ${type}`, async () => {
      const rows = [
        [nan, 1, 2],
        [1, nan, 2],
        [1, 2, nan],
        [infinity, 1, -infinity],
        [-infinity, -infinity],
        [0, -0],
      ];
      const whole = [[2 ** 31 - 1, 1, 5], [2 ** 31 - 1, 2 ** 31 - 1], [65536, 65536, 3], [-1, -2, -3], [7]];
      const given = {
        float32: [...rows, [-1, 0.5, 3]],
        int32: whole,
        bool: [
          [0, 0],
          [1, 0, 1],
          [1, 1],
        ],
      };
      for (const row of given[type]) {
        for (const op of UNARY.rows) await compare(`${op}([${row}], ${type})`, () => call(op, tf.tensor1d(row, type)));
      }
    });

    it(`casts from ${type}`, async () => {
      for (const to of types) await compare(`${type} to ${to}`, () => tf.cast(inputs[type](), to), 0);
      await compare('there and back', () => tf.cast(tf.cast(tf.cast(inputs[type](), 'int32'), 'bool'), 'float32'), 0);
    });

    it(`choices of ${type}`, async () => {
      const mask = () => tf.tensor2d([1, 0, 1, 0, 0, 1], [3, 2], 'bool');
      const values = () => tf.tensor2d([1, 0, 1, 1, 1, 0], [3, 2], type);
      await compare('where', () => tf.where(mask(), values(), tf.zerosLike(values())), 0);
      await compare(
        'where, by row',
        () => tf.where(tf.tensor1d([1, 0, 1], 'bool'), values(), tf.zerosLike(values())),
        0,
      );
      await compare('topk', () => Object.values(tf.topk(values(), 2)), 0);
      await compare('argMax', () => [tf.argMax(values(), 1), tf.argMin(values(), 0)], 0);
    });

    it(`empty tensors of ${type}, and tensors without axes`, async () => {
      const empty = () => tf.zeros([2, 0, 3], type);
      const reductions = ['sum', 'mean', 'max', 'min', 'prod'] as const;
      await compare('reductions', () => reductions.map((op) => tf[op](empty(), 1)));
      await compare('argMax', () => tf.argMax(empty(), 1));
      await compare('concat', () => tf.concat([empty(), tf.ones([2, 1, 3], type)], 1));
      await compare('matMul', () => tf.matMul(tf.zeros([2, 0], type), tf.zeros([0, 3], type)));
      await compare('gather', () => tf.gather(tf.ones([2, 3], type), tf.tensor1d([], 'int32'), 1));
      await compare('scalars', () => ['sum', 'max', 'cumsum'].map((op) => call(op, tf.scalar(1, type))));
      await compare('argMax of a scalar', () => tf.argMax(tf.scalar(1, type)));
    });

    it(`six axes of ${type}`, async () => {
      const x = () => tf.cast(tf.reshape(tf.range(0, 24), [2, 1, 3, 2, 1, 2]), type);
      await compare('transpose', () => tf.transpose(x(), [5, 4, 3, 2, 1, 0]), 0);
      await compare('broadcast', () => tf.equal(x(), tf.ones([2, 1, 1], type)), 0);
      await compare('sum', () => tf.sum(x(), [0, 3, 5]), 0);
    });
  }

  it('refuses indices that point nowhere, in the same words', async () => {
    const x = () => tf.reshape(tf.range(0, 24), [2, 3, 4]);
    for (const index of [-1, 3]) {
      const indices = (shape: number[]) => tf.fill(shape, index, 'int32');
      await compare('gather', () => tf.gather(x(), indices([2]) as tf.Tensor1D, 1));
      await compare('gather, computed', () => tf.gather(x(), tf.add(indices([2]), 0) as tf.Tensor1D, 1));
      await compare('gatherND', () => tf.gatherND(x(), indices([2, 2])));
      await compare('scatterND', () => tf.scatterND(indices([2, 1]), tf.ones([2, 4]), [2, 4]));
      await compare('scatterUpdate', () =>
        tf.tensorScatterUpdate(tf.ones([2, 4]), indices([1, 1]) as tf.Tensor2D, tf.ones([1, 4])),
      );
      const box = (): tf.Tensor2D => tf.tensor2d([[0, 0, 1, 1]]);
      const boxed = () => tf.image.cropAndResize(tf.ones([1, 3, 3, 1]), box(), indices([1]) as tf.Tensor1D, [2, 2]);
      if (index > 0) await compare('cropAndResize', boxed);
    }
  });

  it('adds up duplicates when it scatters', async () => {
    const indices = () => tf.tensor2d([[1], [1], [0], [1]], [4, 1], 'int32');
    await compare('scatterND', () => tf.scatterND(indices(), tf.reshape(tf.range(0, 8), [4, 2]), [3, 2]), 0);
    await compare('segments', () => tf.unsortedSegmentSum(tf.ones([4, 2]), tf.tensor1d([0, -1, 0, 9], 'int32'), 3), 0);
  });

  it('has logarithms of small sigmoids, and their gradients', async () => {
    const x = () => tf.tensor1d([-60, -30, -18.5, -3, 0, 40]);
    await compare('value', () => tf.log(tf.sigmoid(x())), 1e-5);
    await compare('gradient', () => tf.grad((t) => tf.sum(tf.log(tf.sigmoid(t))))(x()), 1e-5);
  });

  it('keeps sums of bools, which tfjs cpu calls bools still', async () => {
    const sum = () => tf.add(tf.tensor1d([1, 1, 0], 'bool'), tf.tensor1d([1, 0, 0], 'bool'));
    await compare('as floats', () => tf.square(tf.cast(sum(), 'float32')), 0);
    await compare('counted', () => tf.sum(sum()), 0);
  });

  it('shares data where tfjs cpu does: wider types and further axes', async () => {
    const counts = (): number[] => {
      const before = tf.memory();
      const mask = tf.greater(tf.tensor1d([1, -1]), 0);
      const shared = [tf.cast(mask, 'float32'), tf.cast(mask, 'int32'), tf.expandDims(mask, 0)];
      mask.dispose();
      const after = tf.memory();
      assert.deepEqual(
        shared.map((t) => Array.from(t.dataSync())),
        [
          [1, 0],
          [1, 0],
          [1, 0],
        ],
      );
      return [after.numTensors - before.numTensors, after.numDataBuffers - before.numDataBuffers];
    };
    assert.deepEqual(await onBackend(ONNX, counts), await onBackend('cpu', counts));
  });
});
