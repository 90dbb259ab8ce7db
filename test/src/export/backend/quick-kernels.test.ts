import { registerOnnxBackend, tf } from '@onnx-forge/export';
import { Random } from '@onnx-forge/infer';
import { assert } from 'chai';
import { outcomeOn } from './on-backends.js';

/** Its kernels are small enough here to run on the host. */
const ONNX = 'onnx-quick';

const RARE = [0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-41, -3e38, 16777217, 1, -1];

const BINARY = [
  ...['Add', 'Sub', 'Multiply', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference'],
  ...['Equal', 'NotEqual', 'Less', 'LessEqual', 'Greater', 'GreaterEqual'],
];
const UNARY = [
  ...['Neg', 'Square', 'Sqrt', 'Rsqrt', 'Reciprocal', 'Abs', 'Exp', 'Log', 'Log1p'],
  ...['Sigmoid', 'Tanh', 'Relu', 'Elu', 'Step'],
];

type Dtype = 'float32' | 'int32' | 'bool';
interface Drawn {
  readonly shape: number[];
  readonly dtype: Dtype;
  readonly values: number[];
}

const random = new Random(7);
const below = (n: number): number => Math.floor(random.uniform() * n);
const shapeOf = (rank: number): number[] => Array.from({ length: rank }, () => 1 + below(5));
/** Axes of 1 instead of some, and fewer of them. */
const partOf = (shape: readonly number[]): number[] =>
  shape.slice(below(shape.length + 1)).map((size) => (below(3) === 0 ? 1 : size));

function drawn(shape: number[], dtype: Dtype = 'float32', isRare = 6): Drawn {
  const number = { float32: () => 8 * random.uniform() - 4, int32: () => below(9) - 4, bool: () => below(2) }[dtype];
  const rare = (): number => (dtype === 'float32' && below(isRare) === 0 ? RARE[below(RARE.length)]! : number());
  return { shape, dtype, values: Array.from({ length: tf.util.sizeFromShape(shape) }, rare) };
}

/** The kernel itself, on both backends: every bit must be the same, or the same error. */
async function same(kernel: string, inputs: Readonly<Record<string, Drawn>>, attrs: object = {}): Promise<void> {
  const run = (): tf.Tensor => {
    const tensors = Object.entries(inputs).map(([name, { values, shape, dtype }]) => {
      return [name, tf.tensor(values, shape, dtype)];
    });
    return tf.engine().runKernel(kernel, Object.fromEntries(tensors), attrs as tf.NamedAttrMap) as tf.Tensor;
  };
  const what = `${kernel} ${JSON.stringify([Object.values(inputs).map(({ shape, dtype }) => [dtype, shape]), attrs])}`;
  assert.deepEqual(await outcomeOn(ONNX, run), await outcomeOn('cpu', run), what);
}

const times = async (count: number, once: () => Promise<void>): Promise<void> => {
  for (let i = 0; i < count; i++) await once();
};

describe("the onnx backend's own host kernels give every bit of tfjs cpu's", () => {
  before(() => registerOnnxBackend({ name: ONNX, smallest: 1e6 }));
  after(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend(ONNX);
  });

  for (const kernel of BINARY) {
    it(kernel, () =>
      times(25, async () => {
        const shape = shapeOf(below(5));
        const dtype = (['float32', 'float32', 'int32', 'bool'] as const)[below(4)]!;
        const pair = [drawn(shape, dtype), drawn(partOf(shape), dtype)];
        if (below(2)) pair.reverse();
        await same(kernel, { a: pair[0]!, b: pair[1]! });
        await same(kernel, { a: drawn([3, 1], dtype), b: drawn([2, 1, 4], dtype) });
      }),
    );
  }

  it('refuse shapes that do not fit in the same words', () => same('Add', { a: drawn([2, 3]), b: drawn([2]) }));

  for (const kernel of UNARY) {
    it(kernel, () => times(5, () => same(kernel, { x: drawn(shapeOf(below(4))) }, { alpha: 0.25 })));
  }

  for (const kernel of ['Sum', 'Mean']) {
    it(kernel, () =>
      times(60, async () => {
        const x = drawn(shapeOf(below(5)), 'float32', 40);
        const chosen = x.shape.map((_, axis) => axis).filter(() => below(2) === 0);
        const axis = below(4) === 0 ? undefined : chosen.map((axis) => (below(2) ? axis : axis - x.shape.length));
        await same(kernel, { x }, { axis, keepDims: below(2) === 0 });
      }),
    );
  }

  it('Softmax', () =>
    times(20, () => same('Softmax', { logits: drawn(shapeOf(1 + below(3)), 'float32', 30) }, { dim: -1 })));

  it('BatchMatMul and _FusedMatMul', () =>
    times(60, async () => {
      const rank = 2 + below(3);
      const outer = shapeOf(rank - 2);
      const [rows, inner, columns] = [1 + below(6), [1, 3, 47, 48, 49, 100][below(6)]!, 1 + below(6)];
      const [transposeA, transposeB] = [below(2) === 0, below(2) === 0];
      const outers = [outer, below(3) === 0 ? outer.map(() => 1) : outer];
      if (below(2)) outers.reverse();
      const a = drawn([...outers[0]!, ...(transposeA ? [inner, rows] : [rows, inner])], 'float32', 400);
      const b = drawn([...outers[1]!, ...(transposeB ? [columns, inner] : [inner, columns])], 'float32', 400);
      await same('BatchMatMul', { a, b }, { transposeA, transposeB });
      if (rank !== 3) return;
      const activation = ['linear', 'relu', 'elu', 'sigmoid', 'relu6'][below(5)]!;
      const bias = below(2) ? { bias: drawn([columns]) } : {};
      await same('_FusedMatMul', { a, b, ...bias }, { transposeA, transposeB, activation });
    }));

  it('GatherV2', () =>
    times(40, async () => {
      const x = drawn(shapeOf(1 + below(4)), (['float32', 'int32', 'bool'] as const)[below(3)]!);
      const axis = below(x.shape.length);
      const at = drawn(shapeOf(below(3)), 'int32');
      const most = x.shape[axis]! + (below(8) === 0 ? 1 : 0); // now and then one that points nowhere
      const indices = { ...at, values: at.values.map(() => below(most)) };
      await same('GatherV2', { x, indices }, { axis, batchDims: 0 });
    }));

  it('Transpose', () =>
    times(20, async () => {
      const shape = shapeOf(2 + below(2));
      const perm = shape.map((_, axis) => axis).reverse();
      await same('Transpose', { x: drawn(shape, below(2) ? 'float32' : 'int32') }, { perm });
    }));

  it('read data that tfjs widened without a copy', async () => {
    const run = (): tf.Tensor => tf.tensor([3, 0, 2], [3], 'int32').toFloat().mul(tf.scalar(0.3)).sum();
    assert.deepEqual(await outcomeOn(ONNX, run), await outcomeOn('cpu', run));
  });
});
