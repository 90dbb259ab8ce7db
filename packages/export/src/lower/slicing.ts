import { reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { tensorInfo } from '../idioms/shapes.js';
import { reverse, slice, strided } from '../idioms/slice.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

function sliceKernel(x: Value, { begin, size }: { begin: number | number[]; size: number | number[] }): Value {
  const info = tensorInfo(x);
  const [start, count] = tf.slice_util.parseSliceParams(info, begin, size) as [number[], number[]];
  tf.slice_util.assertParamsValid(info, start, count);
  return slice(x, start, count);
}

interface StridedAttributes {
  readonly begin: number[];
  readonly end: number[];
  readonly strides: number[];
  readonly beginMask: number;
  readonly endMask: number;
  readonly ellipsisMask: number;
  readonly newAxisMask: number;
  readonly shrinkAxisMask: number;
}

function stridedSlice(x: Value, attrs: StridedAttributes): Value {
  const { begin, end, strides, finalShape } = tf.slice_util.sliceInfo(
    [...x.shape],
    attrs.begin,
    attrs.end,
    attrs.strides,
    attrs.beginMask,
    attrs.endMask,
    attrs.ellipsisMask,
    attrs.newAxisMask,
    attrs.shrinkAxisMask,
  );
  const ranges = begin.map((start, axis) => {
    const step = strides[axis]!;
    return { begin: start, count: Math.max(0, Math.ceil((end[axis]! - start) / step)), step };
  });
  return reshape(strided(x, ranges), finalShape);
}

/** Kernels that keep a regular part of a tensor. */
export const slicing: readonly Lowering[] = [
  lowering<{ x: Value }, { begin: number | number[]; size: number | number[] }>(
    'Slice',
    ({ x }, attrs) => sliceKernel(x, attrs),
    [
      {
        name: 'two axes',
        inputs: { x: { shape: [3, 4, 2] } },
        run: ({ x }) => tf.slice(x!, [1, 0, 1], [2, -1, 1]),
        gradient: true,
      },
      {
        name: 'rank 6, bool',
        inputs: { x: { shape: [2, 1, 2, 3, 1, 2], dtype: 'bool' } },
        run: ({ x }) => tf.slice(x!, [0, 0, 1, 0, 0, 1], [2, 1, 1, 2, 1, 1]),
      },
      { name: 'nothing', inputs: { x: { shape: [3, 2] } }, run: ({ x }) => tf.slice(x!, [1, 0], [0, 2]) },
    ],
  ),
  lowering<{ x: Value }, StridedAttributes>('StridedSlice', ({ x }, attrs) => stridedSlice(x, attrs), [
    {
      name: 'forwards and backwards',
      inputs: { x: { shape: [5, 4] } },
      run: ({ x }) => tf.stridedSlice(x!, [0, 3], [5, 0], [2, -1]),
    },
    {
      name: 'backwards past the beginning, a new axis',
      inputs: { x: { shape: [5, 4, 3] } },
      run: ({ x }) => tf.stridedSlice(x!, [4, 0, 1, 0], [-6, 1, 4, 3], [-2, 1, 1, 2], 0, 0, 0, 0b0010),
    },
    {
      name: 'dropped axes',
      inputs: { x: { shape: [5, 4, 3] } },
      run: ({ x }) => tf.stridedSlice(x!, [4, -1], [5, 0], [1, 1], 0, 0, 0, 0, 0b11),
    },
  ]),
  lowering<{ x: Value }, { dims: number | number[] }>(
    'Reverse',
    ({ x }, { dims }) => reverse(x, tf.util.parseAxisParam(dims, [...x.shape])),
    [
      {
        name: 'two axes',
        inputs: { x: { shape: [2, 3, 4] } },
        run: ({ x }) => tf.reverse(x!, [0, -1]),
        gradient: true,
      },
    ],
  ),
  lowering<{ image: Value }>('FlipLeftRight', ({ image }) => reverse(image, [2]), [
    {
      name: 'images',
      inputs: { x: { shape: [2, 3, 4, 2] } },
      run: ({ x }) => tf.image.flipLeftRight(x as tf.Tensor4D),
    },
  ]),
];
