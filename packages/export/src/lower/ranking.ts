import { binary, cast, fill, ints, op, ops, scalar } from '../graph/build.js';
import type { DType, Value } from '../graph/value.js';
import { reduce } from '../idioms/reduce.js';
import { unsqueeze, where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** Position of the largest or smallest entry along one axis, the first of several; NaN is never it. */
function argExtremum(type: 'ArgMax' | 'ArgMin', x: Value, axis: number): Value {
  const along = axis < 0 ? axis + x.rank : axis;
  const shape = x.shape.filter((_, i) => i !== along);
  const numbers = x.dtype === 'float32' ? withoutNaN(x, type) : cast(x, 'int32');
  return cast(op(type, [numbers], 'int64', shape, { axis: along, keepdims: 0 }), 'int32');
}

/** NaN as the number that wins last: what ArgMax makes of NaN is left open, and differs between devices. */
function withoutNaN(x: Value, type: 'ArgMax' | 'ArgMin'): Value {
  const last = type === 'ArgMax' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return where(op('IsNaN', [x], 'bool', x.shape), scalar(last, 'float32'), x, x.shape);
}

/** The k largest entries of the last axis and where they were; equal ones in their order. */
function topK(x: Value, k: number): Value[] {
  const shape = [...x.shape.slice(0, -1), k];
  if (k === 0) return [fill(0, x.dtype, shape), fill(0, 'int32', shape)];
  const numbers = x.dtype === 'bool' ? cast(x, 'int32') : x;
  const outputs: { dtype: DType; shape: number[] }[] = [
    { dtype: numbers.dtype, shape },
    { dtype: 'int64', shape },
  ];
  const [values, indices] = ops('TopK', [numbers, ints([k])], outputs, { axis: -1 }) as [Value, Value];
  return [cast(values, x.dtype), cast(indices, 'int32')];
}

/** Where each value belongs in its row's sorted sequence: how many entries lie below it (right: or equal it). */
function searchSorted(sorted: Value, values: Value, side: 'left' | 'right'): Value {
  const [entries, wanted] = [unsqueeze(sorted, [1]), unsqueeze(values, [2])];
  const before = binary(side === 'left' ? 'Less' : 'LessOrEqual', entries, wanted, 'bool');
  return reduce('ReduceSum', cast(before, 'int32'), { axis: 2 });
}

const row = { shape: [6], values: [1, 3, 3, -2, 3, 0] };

/** Kernels that ask for the order of entries. */
export const ranking: readonly Lowering[] = [
  ...(
    [
      ['ArgMax', tf.argMax],
      ['ArgMin', tf.argMin],
    ] as const
  ).map(([kernel, run]) =>
    lowering<{ x: Value }, { axis: number }>(kernel, ({ x }, { axis }) => argExtremum(kernel, x, axis), [
      { name: 'last axis', inputs: { x: { shape: [2, 3, 4] } }, run: ({ x }) => run(x!, -1) },
      { name: 'first axis, int32', inputs: { x: { shape: [3, 4], dtype: 'int32' } }, run: ({ x }) => run(x!, 0) },
      {
        name: 'NaN',
        inputs: { x: { shape: [5], values: [2, Number.NaN, -3, 5, Number.NaN] } },
        run: ({ x }) => run(x!),
      },
      { name: 'bool, the first of equals', inputs: { x: { shape: [9], dtype: 'bool' } }, run: ({ x }) => run(x!) },
    ]),
  ),
  lowering<{ x: Value }, { k: number }>('TopK', ({ x }, { k }) => topK(x, k), [
    { name: 'equal entries', inputs: { x: row }, run: ({ x }) => Object.values(tf.topk(x!, 4)) },
    {
      name: 'int32 rows',
      inputs: { x: { shape: [3, 5], dtype: 'int32' } },
      run: ({ x }) => Object.values(tf.topk(x!, 2)),
    },
  ]),
  lowering<{ sortedSequence: Value; values: Value }, { side: 'left' | 'right' }>(
    'SearchSorted',
    ({ sortedSequence, values }, { side }) => searchSorted(sortedSequence, values, side),
    (['left', 'right'] as const).map((side) => ({
      name: side,
      inputs: {
        s: { shape: [2, 4], values: [0, 1, 1, 3, -1, 0, 2, 2] },
        v: { shape: [2, 3], values: [1, -1, 5, 2, 0, 1] },
      },
      run: ({ s, v }) => tf.searchSorted(s!, v!, side),
    })),
  ),
];
