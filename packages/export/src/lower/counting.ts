import { binary, cast, op, reshape, scalar } from '../graph/build.js';
import { constantData, type DType, type Value } from '../graph/value.js';
import { scatterRows } from '../idioms/scatter.js';
import { positions, repeated, unsqueeze, where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** Contribution of each entry of x to its bin: its weight (1 without weights), 0 outside the bins. */
function contributions(x: Value, weights: Value | undefined, inside: Value, dtype: DType): Value {
  const each = weights && weights.size > 0 ? weights : scalar(1, dtype);
  return where(inside, each, scalar(0, dtype), x.shape);
}

/** Histograms [rows, size] of the rows of x [rows, columns]. @throws Error for negative entries that are known. */
function countRows(x: Value, weights: Value | undefined, size: number, dtype: DType): Value {
  const negative = Array.from(constantData(x) ?? [], Number).some((entry) => entry < 0);
  tf.util.assert(!negative, () => 'Input x must be non-negative!');
  const [rows, columns] = x.shape as [number, number];
  const bin = op('Clip', [x, scalar(0, 'int32'), scalar(size - 1, 'int32')], 'int32', x.shape);
  const inside = binary('Equal', bin, x, 'bool');
  const row = unsqueeze(binary('Mul', positions(x, 0), scalar(size, 'int32')), [1]);
  const index = reshape(binary('Add', row, bin), [rows * columns]);
  const updates = reshape(contributions(x, weights, inside, dtype), [rows * columns, 1]);
  return reshape(scatterRows(repeated(0, dtype, [rows * size, 1]), index, updates, 'add'), [rows, size]);
}

function bincount(x: Value, weights: Value, size: number): Value {
  const lined = weights.size > 0 ? reshape(weights, [1, x.size]) : undefined;
  return reshape(countRows(reshape(x, [1, x.size]), lined, size, weights.dtype), [size]);
}

interface DenseAttributes {
  readonly size: number;
  /** Only whether a bin occurs; tfjs ignores it for a vector. */
  readonly binaryOutput: boolean;
}

function denseBincount(x: Value, weights: Value, { size, binaryOutput }: DenseAttributes): Value {
  if (x.rank === 1) return bincount(x, weights, size);
  if (!binaryOutput) return countRows(x, weights, size, weights.dtype);
  return cast(cast(countRows(x, undefined, size, 'int32'), 'bool'), weights.dtype);
}

const entries = { shape: [2, 4], dtype: 'int32', values: [1, 1, 0, 7, 2, 1, 2, 2] } as const;
const flat = { ...entries, shape: [8] };

/** Kernels that count how often each whole number occurs. */
export const counting: readonly Lowering[] = [
  lowering<{ x: Value; weights: Value }, { size: number }>(
    'Bincount',
    ({ x, weights }, { size }) => bincount(x, weights, size),
    [
      {
        name: 'counts, one entry outside',
        inputs: { x: flat, w: { shape: [0] } },
        run: ({ x, w }) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 4),
      },
      {
        name: 'weights',
        inputs: { x: flat, w: { shape: [8] } },
        run: ({ x, w }) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 3),
      },
    ],
  ),
  lowering<{ x: Value; weights: Value }, DenseAttributes>(
    'DenseBincount',
    ({ x, weights }, attrs) => denseBincount(x, weights, attrs),
    [
      {
        name: 'rows',
        inputs: { x: entries, w: { shape: [2, 4] } },
        run: ({ x, w }) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 4),
      },
      {
        name: 'occurrence',
        inputs: { x: entries, w: { shape: [0] } },
        run: ({ x, w }) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 4, true),
      },
    ],
  ),
];
