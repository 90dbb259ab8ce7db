import {
  arrayOf,
  binary,
  broadcastShape,
  cast,
  constant,
  fill,
  op,
  reshape,
  scalar,
  transpose,
} from '../graph/build.js';
import { constantData, type DType, nodeOf, type Value } from '../graph/value.js';
import { untiled } from '../idioms/factors.js';
import { stepBetween } from '../idioms/formulas.js';
import { where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

function dtypeOf(dtype: tf.DataType): DType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new Error(`dtype ${dtype} has no place in a recorded graph`);
}

/** where(x > 0, t, a t) with 0 <= a <= 1, the gradient of a leaky relu, as t * step(x): Where is slow on the CPU. */
function scaledWhereNegative(mask: Value, t: Value, e: Value): Value | undefined {
  const [condition, product] = [mask.source, e.source];
  if (condition.kind !== 'node' || condition.node.op !== 'Greater') return undefined;
  if (product.kind !== 'node' || product.node.op !== 'Mul') return undefined;
  const [x, zero] = condition.node.inputs as [Value, Value];
  const [factor] =
    (constantData(zero)?.[0] === 0 && zero.size === 1 && product.node.inputs.filter((input) => input !== t)) || [];
  const alpha = factor?.size === 1 ? Number(constantData(factor)?.[0]) : Number.NaN;
  const sameShape = x.shape.join() === t.shape.join() && x.dtype === 'float32' && t.dtype === 'float32';
  return sameShape && alpha >= 0 && alpha <= 1 ? binary('Mul', t, stepBetween(x, alpha)) : undefined;
}

/** Condition, as tfjs has it: same shape, or one entry a row of the first axis. */
function select({ condition: given, t, e }: { condition: Value; t: Value; e: Value }): Value {
  const rowwise = given.rank === 1 && t.rank > 1;
  const mask = rowwise ? reshape(given, [given.size, ...t.shape.slice(1).map(() => 1)]) : given;
  const scaled = scaledWhereNegative(mask, t, e);
  if (scaled) return scaled;
  const shape = broadcastShape(mask.shape, broadcastShape(t.shape, e.shape));
  // One of the two keeps the full shape.
  const [a, b] = untiled(t, e) === t ? [t, untiled(e, t)] : [untiled(t, e), e];
  const condition = untiled(mask, a === t ? t : e);
  const type = WIDENING.find((each) => t.dtype === each || e.dtype === each)!;
  return where(cast(condition, 'bool'), cast(a, type), cast(b, type), shape);
}

/** Two in a row are one, or none: images that go to and fro between channels first and last. */
function transposed(x: Value, perm: readonly number[]): Value {
  const before = nodeOf(x, 'Transpose');
  if (!before) return transpose(x, perm);
  const inner = before.attributes.perm as readonly number[];
  return transpose(
    before.inputs[0]!,
    perm.map((p) => inner[p]!),
  );
}

/** Of two types tfjs takes the one that holds both; ONNX wants them equal. */
const WIDENING = ['float32', 'int64', 'int32', 'bool'] as const;

function castTo({ x }: { x: Value }, { dtype }: { dtype: tf.DataType }): Value {
  const to = dtypeOf(dtype);
  if (to === 'bool' && x.dtype !== 'bool') {
    const zero = scalar(0, x.dtype);
    return op('Not', [binary('Equal', x, zero, 'bool')], 'bool', x.shape);
  }
  return cast(x, to);
}

function range({ start, stop, step, dtype }: { start: number; stop: number; step: number; dtype: tf.DataType }): Value {
  const size =
    start === stop || (start < stop && step < 0) || (stop < start && step > 1)
      ? 0
      : Math.ceil((stop - start) / (step || 1));
  const type = dtypeOf(dtype ?? 'float32');
  const signed = stop < start && step === 1 ? -1 : step;
  const n = Math.abs(size);
  return constant(
    arrayOf(
      type,
      Array.from({ length: n }, (_, i) => start + i * signed),
    ),
    type,
    [n],
  );
}

function linSpace({ start, stop, num }: { start: number; stop: number; num: number }): Value {
  const step = num === 1 ? 0 : (stop - start) / (num - 1);
  return constant(
    arrayOf(
      'float32',
      Array.from({ length: num }, (_, i) => start + i * step),
    ),
    'float32',
    [num],
  );
}

/** Kernels that only rename, reinterpret or create: no arithmetic. */
export const structure: readonly Lowering[] = [
  lowering<{ x: Value }>('Identity', ({ x }) => x, [
    { name: 'clone', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.clone(x!), gradient: true },
  ]),
  lowering<{ x: Value }, { shape: number[] }>(
    'Reshape',
    ({ x }, { shape }) => reshape(x, tf.util.inferFromImplicitShape(shape, x.size)),
    [{ name: 'flatten', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.reshape(x!, [-1]), gradient: true }],
  ),
  lowering<{ input: Value }, { dim: number }>(
    'ExpandDims',
    ({ input }, { dim }) => {
      const axis = dim < 0 ? input.rank + dim + 1 : dim;
      if (axis < 0) throw new Error(`expandDims: axis ${dim} is outside [-${input.rank + 1}, ${input.rank}]`);
      const shape = [...input.shape];
      shape.splice(axis, 0, 1);
      return reshape(input, shape);
    },
    [{ name: 'last', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.expandDims(x!, -1), gradient: true }],
  ),
  lowering<{ x: Value }, { perm: number[] }>('Transpose', ({ x }, { perm }) => transposed(x, perm), [
    {
      name: 'rank 3',
      inputs: { x: { shape: [2, 3, 4] } },
      run: ({ x }) => tf.transpose(x!, [2, 0, 1]),
      gradient: true,
    },
  ]),
  lowering<{ x: Value }, { dtype: tf.DataType }>('Cast', castTo, [
    { name: 'to int32', inputs: { x: { shape: [7], low: -3, high: 3 } }, run: ({ x }) => tf.cast(x!, 'int32') },
    { name: 'to bool', inputs: { x: { shape: [4], values: [0, 0.4, -2, 1] } }, run: ({ x }) => tf.cast(x!, 'bool') },
    { name: 'from int32', inputs: { x: { shape: [4], dtype: 'int32' } }, run: ({ x }) => tf.cast(x!, 'float32') },
  ]),
  lowering<{ condition: Value; t: Value; e: Value }>('Select', select, [
    {
      name: 'full mask',
      inputs: { mask: { shape: [2, 3], dtype: 'bool' }, a: { shape: [2, 3] }, b: { shape: [2, 3] } },
      run: ({ mask, a, b }) => tf.where(mask!, a!, b!),
      gradient: true,
    },
    {
      name: 'whole numbers or fractions',
      inputs: { mask: { shape: [4], dtype: 'bool' }, a: { shape: [4], dtype: 'int32' }, b: { shape: [4] } },
      run: ({ mask, a, b }) => tf.where(mask!, a!, b!),
    },
  ]),
  lowering<object, { shape: number[]; value: number; dtype: tf.DataType }>(
    'Fill',
    (_, { shape, value, dtype }) => fill(value, dtypeOf(dtype ?? 'float32'), shape),
    [{ name: 'float', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.add(x!, tf.fill([2, 3], 2.5)) }],
  ),
  lowering<{ x: Value }>('ZerosLike', ({ x }) => fill(0, x.dtype, x.shape), [
    { name: 'matrix', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.add(x!, tf.zerosLike(x!)) },
  ]),
  lowering<{ x: Value }>('OnesLike', ({ x }) => fill(1, x.dtype, x.shape), [
    { name: 'matrix', inputs: { x: { shape: [2, 3] } }, run: ({ x }) => tf.add(x!, tf.onesLike(x!)) },
  ]),
  lowering<object, { start: number; stop: number; step: number; dtype: tf.DataType }>(
    'Range',
    (_, attrs) => range(attrs),
    [
      {
        name: 'int32',
        inputs: { x: { shape: [4] } },
        run: ({ x }) => tf.mul(x!, tf.cast(tf.range(0, 4, 1, 'int32'), 'float32')),
      },
    ],
  ),
  lowering<object, { start: number; stop: number; num: number }>('LinSpace', (_, attrs) => linSpace(attrs), [
    { name: 'five', inputs: { x: { shape: [5] } }, run: ({ x }) => tf.mul(x!, tf.linspace(0, 1, 5)) },
  ]),
];
