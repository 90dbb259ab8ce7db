import type { Field, FieldArray, Split } from './data-set.js';
import { DataError } from './errors.js';
import { viewOf } from './views.js';

/** Numbers in one example of `shape` (1 for a scalar). */
export function exampleSize(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** An array for `count` examples of `field`, zeroed. */
export function allocate(field: Field, count: number): FieldArray {
  const length = count * exampleSize(field.shape);
  return field.dtype === 'int32' ? new Int32Array(length) : new Float32Array(length);
}

/**
 * Images kept as bytes, read as float32 `byte / white`.
 *
 * @param pixels [examples, ...shape], row by row
 * @param white the byte that becomes 1: 255 for grey levels, 1 for images that are binary already
 */
export function imageField(pixels: Uint8Array, shape: readonly number[], white: 255 | 1): Field {
  const size = exampleSize(shape);
  const scale = 1 / white;
  return {
    shape,
    dtype: 'float32',
    binary: white === 1,
    finite: true,
    read(index, out, offset) {
      const from = index * size;
      for (let i = 0; i < size; i++) out[offset + i] = pixels[from + i]! * scale;
    },
  };
}

/**
 * Images kept as bytes in another order than row, column, channel; read as float32 `byte / 255` in that order. Nothing
 * is copied: a quarter of a gigabyte stays where it was read.
 *
 * @param pixels [examples, every example's bytes]
 * @param position of the byte of (row, column, channel) within its example
 */
export function arrangedImageField(
  pixels: Uint8Array,
  shape: readonly [height: number, width: number, channels: number],
  position: (row: number, column: number, channel: number) => number,
): Field {
  const [, width, channels] = shape;
  const size = exampleSize(shape);
  const from = Uint32Array.from({ length: size }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return position(Math.floor(pixel / width), pixel % width, i % channels);
  });
  const scale = 1 / 255;
  return {
    shape,
    dtype: 'float32',
    finite: true,
    read(index, out, offset) {
      const start = index * size;
      for (let i = 0; i < size; i++) out[offset + i] = pixels[start + from[i]!]! * scale;
    },
  };
}

/** Class numbers, read as int32 scalars. */
export function labelField(labels: Uint8Array | Int32Array): Field {
  return {
    shape: [],
    dtype: 'int32',
    read(index, out, offset) {
      out[offset] = labels[index]!;
    },
  };
}

/** A view of the examples `from .. to - 1`; nothing is copied. */
export function subset(split: Split, from: number, to: number): Split {
  if (from < 0 || to > split.size || from > to) {
    throw new DataError('data-format', `examples ${from} to ${to} were asked for, but there are ${split.size}`);
  }
  const fields = Object.entries(split.fields).map(([name, field]) => {
    return [name, viewOf(field, (index) => from + index)] as const;
  });
  const texts = Object.entries(split.texts ?? {}).map(([name, all]) => [name, all.slice(from, to)] as const);
  return {
    size: to - from,
    fields: Object.fromEntries(fields),
    ...(split.texts && { texts: Object.fromEntries(texts) }),
  };
}
