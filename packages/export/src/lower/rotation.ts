import { arrayOf, constant, ints, reshape } from '../graph/build.js';
import type { Value } from '../graph/value.js';
import { gather } from '../idioms/gather.js';
import { where } from '../idioms/shapes.js';
import { tf } from '../tfjs.js';
import { type Lowering, lowering } from './lowering.js';

interface RotateAttributes {
  readonly radians: number;
  /** Colour outside the image, one for all channels or one each; a fourth channel is opaque there. */
  readonly fillValue: number | [number, number, number];
  readonly center: number | [number, number];
}

/** The pixel (row-major) that each pixel of the rotated image shows, -1 for none. */
function sources(height: number, width: number, { radians, center }: RotateAttributes): number[] {
  const [centerX, centerY] = tf.backend_util.getImageCenter(center, height, width);
  const [sin, cos] = [Math.sin(radians), Math.cos(radians)];
  return Array.from({ length: height * width }, (_, i) => {
    const [x, y] = [(i % width) - centerX, Math.floor(i / width) - centerY];
    const column = Math.round(x * cos - y * sin + centerX);
    const row = Math.round(x * sin + y * cos + centerY);
    return column >= 0 && column < width && row >= 0 && row < height ? row * width + column : -1;
  });
}

/** The angle is an attribute, so every pixel's source is known beforehand. */
function rotate(image: Value, attrs: RotateAttributes): Value {
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const from = sources(height, width, attrs);
  const lines = reshape(image, [batch, height * width, channels]);
  const rotated = gather(lines, ints(from.map((source) => Math.max(source, 0))), 1);
  const mask = from.map((source) => Number(source >= 0));
  const inside = constant(arrayOf('bool', mask), 'bool', [from.length, 1]);
  const { fillValue } = attrs;
  const colour = Array.from({ length: channels }, (_, c) =>
    typeof fillValue === 'number' ? fillValue : (fillValue[c] ?? 255),
  );
  const outside = constant(arrayOf(image.dtype, colour), image.dtype, [channels]);
  return reshape(where(inside, rotated, outside, rotated.shape), image.shape);
}

export const rotation: readonly Lowering[] = [
  lowering<{ image: Value }, RotateAttributes>('RotateWithOffset', ({ image }, attrs) => rotate(image, attrs), [
    {
      name: 'about the middle',
      inputs: { x: { shape: [1, 4, 5, 2] } },
      run: ({ x }) => tf.image.rotateWithOffset(x as tf.Tensor4D, 0.7, 3),
    },
    {
      name: 'a colour outside',
      inputs: { x: { shape: [2, 3, 4, 4] } },
      run: ({ x }) => tf.image.rotateWithOffset(x as tf.Tensor4D, -0.4, [1, 2, 3], [0.2, 0.9]),
    },
  ]),
];
