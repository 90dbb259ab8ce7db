import type { Value } from '../graph/value.js';
import { concat, split } from '../idioms/join.js';
import { squeeze, tensorInfo, unsqueeze } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type KernelInputs, type Lowering, listOf, lowering } from './lowering.js';

interface AxisAttribute {
  readonly axis: number;
}

const normal = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function concatKernel(inputs: KernelInputs, { axis }: AxisAttribute): Value {
  const values = listOf(inputs);
  const along = normal(axis, values[0]!.rank);
  tf.backend_util.assertParamsConsistent(
    values.map((value) => [...value.shape]),
    along,
  );
  return concat(values, along);
}

function pack(inputs: KernelInputs, { axis }: AxisAttribute): Value {
  const values = listOf(inputs);
  const { shape, dtype, rank } = values[0]!;
  for (const value of values) {
    tf.util.assertShapesMatch([...shape], [...value.shape], 'tensors to stack must have one shape: ');
    tf.util.assert(
      value.dtype === dtype,
      () => `tensors to stack must have one dtype, not ${dtype} and ${value.dtype}`,
    );
  }
  const along = normal(axis, rank + 1);
  return concat(
    values.map((value) => unsqueeze(value, [along])),
    along,
  );
}

function splitV(x: Value, { numOrSizeSplits, axis }: AxisAttribute & { numOrSizeSplits: number[] | number }): Value[] {
  const along = normal(axis, x.rank);
  const sizes = tf.backend_util.prepareSplitSize(tensorInfo(x) as tf.Tensor, numOrSizeSplits, along);
  return split(x, sizes, along);
}

function unpack(value: Value, { axis }: AxisAttribute): Value[] {
  const along = normal(axis, value.rank);
  const count = value.shape[along]!;
  if (count === 0) return [];
  return split(value, new Array<number>(count).fill(1), along).map((part) => squeeze(part, [along]));
}

const pair = { a: { shape: [2, 3, 2] }, b: { shape: [2, 1, 2] } };

/** Kernels that join tensors or take them apart along one axis. */
export const joining: readonly Lowering[] = [
  lowering<KernelInputs, AxisAttribute>('Concat', concatKernel, [
    { name: 'inner axis', inputs: pair, run: ({ a, b }) => tf.concat([a!, b!], 1), gradient: true },
    {
      name: 'bool',
      inputs: { a: { shape: [2, 2], dtype: 'bool' }, b: { shape: [1, 2], dtype: 'bool' } },
      run: ({ a, b }) => tf.concat([a!, b!]),
    },
    {
      name: 'an empty part',
      inputs: { a: { shape: [0, 3] }, b: { shape: [2, 3] } },
      run: ({ a, b }) => tf.concat([a!, b!]),
    },
  ]),
  lowering<KernelInputs, AxisAttribute>('Pack', pack, [
    {
      name: 'last axis',
      inputs: { a: { shape: [2, 3] }, b: { shape: [2, 3] } },
      run: ({ a, b }) => tf.stack([a!, b!], -1),
      gradient: true,
    },
  ]),
  lowering<{ x: Value }, AxisAttribute & { numOrSizeSplits: number[] | number }>(
    'SplitV',
    ({ x }, attrs) => splitV(x, attrs),
    [
      { name: 'equal parts', inputs: { x: { shape: [2, 6] } }, run: ({ x }) => tf.split(x!, 3, 1), gradient: true },
      {
        name: 'given sizes',
        inputs: { x: { shape: [5, 2], dtype: 'int32' } },
        run: ({ x }) => tf.split(x!, [1, 3, 1]),
      },
    ],
  ),
  lowering<{ value: Value }, AxisAttribute>('Unpack', ({ value }, attrs) => unpack(value, attrs), [
    { name: 'middle axis', inputs: { x: { shape: [2, 3, 2] } }, run: ({ x }) => tf.unstack(x!, 1), gradient: true },
    { name: 'one', inputs: { x: { shape: [1, 3] } }, run: ({ x }) => tf.unstack(x!) },
    { name: 'many', inputs: { x: { shape: [2, 17] } }, run: ({ x }) => tf.unstack(x!, 1), gradient: true },
  ]),
];
