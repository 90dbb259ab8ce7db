import type { TestExamples } from '../examples.js';

/** All test images as one tensor. */
export function allImages({ images, count }: TestExamples): {
  readonly type: 'float32';
  readonly dims: number[];
  readonly data: Float32Array;
} {
  return { type: 'float32', dims: [count, images.length / count], data: images };
}
