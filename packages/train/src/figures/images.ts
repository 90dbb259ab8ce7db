import type { ImageEntry } from '@onnx-forge/infer';
import { type GridText, grid } from '@onnx-forge/viz';
import type { FigureImage } from './figure.js';

export type ImageGridOptions = GridText & { readonly columns: number; readonly side?: number };

/** A grid of a model's images. Small images are enlarged to about `side` pixels. */
export function imageGrid(
  images: Float32Array | readonly Float32Array[],
  { height, width, channels, range }: ImageEntry,
  { columns, side = 56, ...text }: ImageGridOptions,
): FigureImage {
  const scale = Math.max(1, Math.round(side / height));
  const gray = channels === 3 ? 3 : 1;
  return { png: grid(images, { height, width, channels: gray, range, columns, scale, padding: scale, ...text }) };
}

/** {@link imageGrid} as a figure of a run: what it shows, and of which run, data and seed (`aboutRun`). */
export function figureGrid(
  images: Float32Array | readonly Float32Array[],
  image: ImageEntry,
  options: ImageGridOptions & { readonly title: string; readonly subtitle: string },
): FigureImage {
  return imageGrid(images, image, options);
}

/** Views of the rows of a flat array [count, size]. */
export function rowsOf(data: Float32Array, count: number): Float32Array[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, row) => data.subarray(row * size, (row + 1) * size));
}
