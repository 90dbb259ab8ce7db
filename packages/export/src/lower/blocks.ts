import { sizeOf } from '@onnx-forge/infer';
import { reshape, transpose } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { pad } from '../idioms/pad.js';
import { slice } from '../idioms/slice.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

/** One [before, after] pair an axis of the block. */
type Margins = [number, number][];

function spaceToBatch(x: Value, { blockShape, paddings }: { blockShape: number[]; paddings: Margins }): Value {
  const size = sizeOf(blockShape);
  const rest = x.shape.slice(1 + blockShape.length).map((): [number, number] => [0, 0]);
  const padded = pad(x, [[0, 0], ...paddings, ...rest]);
  const shape = [...padded.shape];
  const blocks = tf.backend_util.getReshaped(shape, blockShape, size, false);
  const order = tf.backend_util.getPermuted(blocks.length, blockShape.length, false);
  const joined = tf.backend_util.getReshapedPermuted(shape, blockShape, size, false);
  return reshape(transpose(reshape(padded, blocks), order), joined);
}

function batchToSpace(x: Value, { blockShape, crops }: { blockShape: number[]; crops: Margins }): Value {
  const size = sizeOf(blockShape);
  const shape = [...x.shape];
  const blocks = tf.backend_util.getReshaped(shape, blockShape, size);
  const order = tf.backend_util.getPermuted(blocks.length, blockShape.length);
  const joined = tf.backend_util.getReshapedPermuted(shape, blockShape, size);
  const space = reshape(transpose(reshape(x, blocks), order), joined);
  const begin = tf.backend_util.getSliceBeginCoords(crops, blockShape.length);
  const extent = tf.backend_util.getSliceSize(joined, crops, blockShape.length);
  return slice(
    space,
    space.shape.map((_, axis) => begin[axis] ?? 0),
    space.shape.map((n, axis) => extent[axis] ?? n),
  );
}

/** tfjs's cpu backend has NHWC alone; NCHW is transposed around it. */
function depthToSpace(x: Value, { blockSize, dataFormat }: { blockSize: number; dataFormat: 'NHWC' | 'NCHW' }): Value {
  if (dataFormat === 'NCHW') {
    const result = depthToSpace(transpose(x, [0, 2, 3, 1]), { blockSize, dataFormat: 'NHWC' });
    return transpose(result, [0, 3, 1, 2]);
  }
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const depth = channels / blockSize ** 2;
  const blocks = reshape(x, [batch, height, width, blockSize, blockSize, depth]);
  return reshape(transpose(blocks, [0, 1, 3, 2, 4, 5]), [batch, height * blockSize, width * blockSize, depth]);
}

/** Kernels that move blocks of the spatial axes to the batch or from the channels. */
export const blocks: readonly Lowering[] = [
  lowering<{ x: Value }, { blockShape: number[]; paddings: Margins }>(
    'SpaceToBatchND',
    ({ x }, attrs) => spaceToBatch(x, attrs),
    [
      {
        name: 'padded',
        inputs: { x: { shape: [2, 3, 4, 2] } },
        run: ({ x }) =>
          tf.spaceToBatchND(
            x!,
            [2, 3],
            [
              [0, 1],
              [1, 1],
            ],
          ),
        gradient: true,
      },
    ],
  ),
  lowering<{ x: Value }, { blockShape: number[]; crops: Margins }>(
    'BatchToSpaceND',
    ({ x }, attrs) => batchToSpace(x, attrs),
    [
      {
        name: 'cropped',
        inputs: { x: { shape: [8, 2, 3, 2] } },
        run: ({ x }) =>
          tf.batchToSpaceND(
            x!,
            [2, 2],
            [
              [0, 1],
              [1, 0],
            ],
          ),
        gradient: true,
      },
    ],
  ),
  lowering<{ x: Value }, { blockSize: number; dataFormat: 'NHWC' | 'NCHW' }>(
    'DepthToSpace',
    ({ x }, attrs) => depthToSpace(x, attrs),
    [
      {
        name: 'images',
        inputs: { x: { shape: [2, 2, 3, 8] } },
        run: ({ x }) => tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC'),
      },
    ],
  ),
];
