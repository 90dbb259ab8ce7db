import type { Random } from '@onnx-forge/infer';
import type { Field, Split } from '../data-set.js';
import { exampleSize, imageField, labelField } from '../fields.js';

/** Count, classes and shape of images, and the function that draws one. */
export interface DrawnImages {
  readonly size: number;
  readonly classes: number;
  readonly shape: readonly [height: number, width: number, channels: number];
  /** @param out the image's bytes, overwritten */
  draw(label: number, random: Random, out: Uint8Array): void;
}

/** Images `x` of classes `label` in random order, as many of each. An image is drawn when it is first read, from a seed of its own. */
export function drawnImages({ size, classes, shape, draw }: DrawnImages, random: Random): Split {
  const length = exampleSize(shape);
  const pixels = new Uint8Array(size * length);
  const drawn = new Uint8Array(size);
  const labels = Uint8Array.from(random.permutation(size), (rank) => rank % classes);
  const images = imageField(pixels, shape, 255);
  const x: Field = {
    ...images,
    read(index, out, offset) {
      if (drawn[index] === 0) {
        draw(labels[index]!, random.fork(`image ${index}`), pixels.subarray(index * length, (index + 1) * length));
        drawn[index] = 1;
      }
      images.read(index, out, offset);
    },
  };
  return { size, fields: { x, label: labelField(labels) } };
}
