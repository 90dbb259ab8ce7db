import { binary, constant, fill, ints, op, scalar } from '../graph/build.js';
import { constantData, type Value } from '../graph/value.js';
import { concat } from '../idioms/join.js';
import { type Paddings, pad } from '../idioms/pad.js';
import { where } from '../idioms/shapes.js';
import { type AxisRange, strideAxes } from '../idioms/slice.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/**
 * Continues the tensor by its mirror image: `symmetric` repeats the edge, `reflect` does not. ONNX has no symmetric Pad,
 * so both are the same reversed slices.
 */
function mirrorPad(x: Value, { paddings, mode }: { paddings: Paddings; mode: 'reflect' | 'symmetric' }): Value {
  const edge = mode === 'reflect' ? 1 : 0;
  return paddings.reduce((padded, [before, after], axis) => {
    const mirrored = (begin: number, count: number): Value[] => {
      const range: AxisRange = { begin, count, step: -1 };
      return count === 0 ? [] : [strideAxes(padded, { [axis]: range })];
    };
    return concat([...mirrored(before - 1 + edge, before), padded, ...mirrored(-1 - edge, after)], axis);
  }, x);
}

function tile(x: Value, reps: readonly number[]): Value {
  if (reps.every((n) => n === 1)) return x;
  const shape = x.shape.map((n, axis) => n * reps[axis]!);
  return op('Tile', [x, ints(reps)], x.dtype, shape);
}

/** The broadcast of two shapes that are themselves tensors: where one entry is 1, the other's. */
function broadcastArgs({ s0, s1 }: { s0: Value; s1: Value }): Value {
  const [a, b] = [constantData(s0), constantData(s1)];
  // Throws when they do not agree, which a graph could not.
  if (a && b) {
    const shape = tf.backend_util.assertAndGetBroadcastShape(Array.from(a, Number), Array.from(b, Number));
    return constant(Int32Array.from(shape), 'int32', [shape.length]);
  }
  const rank = Math.max(s0.size, s1.size);
  const aligned = (s: Value): Value => (s.size === rank ? s : concat([fill(1, 'int32', [rank - s.size]), s], 0));
  const [left, right] = [aligned(s0), aligned(s1)];
  return where(binary('Equal', left, scalar(1, 'int32'), 'bool'), right, left, [rank]);
}

const shapeInput = (values: number[]) => ({ shape: [values.length], dtype: 'int32', values }) as const;

/** Kernels that enlarge a tensor: by a value, by its mirror image, by repetition. */
export const padding: readonly Lowering[] = [
  lowering<{ x: Value }, { paddings: [number, number][]; constantValue: number }>(
    'PadV2',
    ({ x }, { paddings, constantValue }) => pad(x, paddings, constantValue),
    [
      {
        name: 'a value',
        inputs: { x: { shape: [2, 3] } },
        run: ({ x }) =>
          tf.pad(
            x!,
            [
              [1, 0],
              [0, 2],
            ],
            3,
          ),
        gradient: true,
      },
      { name: 'bool', inputs: { x: { shape: [3], dtype: 'bool' } }, run: ({ x }) => tf.pad(x!, [[1, 2]], 1) },
      {
        name: 'nothing',
        inputs: { x: { shape: [0, 2] } },
        run: ({ x }) =>
          tf.pad(
            x!,
            [
              [1, 0],
              [0, 1],
            ],
            2,
          ),
      },
    ],
  ),
  lowering<{ x: Value }, { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }>(
    'MirrorPad',
    ({ x }, attrs) => mirrorPad(x, attrs),
    (['reflect', 'symmetric'] as const).map((mode) => ({
      name: mode,
      inputs: { x: { shape: [3, 4], dtype: 'int32' } },
      run: ({ x }) =>
        tf.mirrorPad(
          x!,
          [
            [2, 1],
            [0, 3],
          ],
          mode,
        ),
    })),
  ),
  lowering<{ x: Value }, { reps: number[] }>('Tile', ({ x }, { reps }) => tile(x, reps), [
    { name: 'two axes', inputs: { x: { shape: [2, 1, 3] } }, run: ({ x }) => tf.tile(x!, [2, 3, 1]), gradient: true },
    {
      name: 'two tiles multiplied',
      inputs: { x: { shape: [1, 3] }, y: { shape: [1, 3] } },
      run: ({ x, y }) => tf.mul(tf.tile(x!, [4, 1]), tf.tile(y!, [4, 1])),
      gradient: true,
    },
    { name: 'broadcastTo', inputs: { x: { shape: [3, 1] } }, run: ({ x }) => tf.broadcastTo(x!, [2, 3, 4]) },
  ]),
  lowering<{ s0: Value; s1: Value }>('BroadcastArgs', broadcastArgs, [
    {
      name: 'different ranks',
      inputs: { a: shapeInput([4, 1, 3]), b: shapeInput([5, 1]) },
      run: ({ a, b }) => tf.broadcastArgs(a!, b!),
    },
    {
      name: 'computed',
      inputs: { a: shapeInput([2, 1]), b: shapeInput([2]) },
      run: ({ a, b }) => tf.broadcastArgs(tf.add(a!, tf.zerosLike(a!)), b!),
    },
  ]),
];
