import type { Random } from '@onnx-forge/infer';
import type { Augment } from '../batches.js';

/** Changes one image in place: rows of pixels, the channels of a pixel together, values in [0, 1]. */
export type ImageChange = (image: Float32Array, random: Random) => void;

/** Height, width and channels of an image. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Several changes, one after the other. */
export function augmentation(changes: readonly ImageChange[]): Augment {
  return (example, random) => {
    if (!(example instanceof Float32Array)) throw new TypeError('only float32 images can be augmented');
    for (const change of changes) change(example, random);
  };
}

/** The change with probability `p`. */
export function randomly(p: number, change: ImageChange): ImageChange {
  return (image, random) => {
    if (random.uniform() < p) change(image, random);
  };
}
