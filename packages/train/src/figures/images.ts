import type { ImageEntry } from '@onnx-forge/infer';
import { type GridText, grid } from '@onnx-forge/viz';
import type { FigureImage } from './figure.js';

export type ImageGridOptions = GridText & {
  readonly columns: number;
  readonly side?: number;
  /** Between the images, in pixels of the picture. Default: one of the images' own. */
  readonly padding?: number;
};

/** A grid of a model's images. Small images are enlarged to about `side` pixels. */
export function imageGrid(
  images: Float32Array | readonly Float32Array[],
  { height, width, channels, range }: ImageEntry,
  { columns, side = 56, padding, ...text }: ImageGridOptions,
): FigureImage {
  const scale = Math.max(1, Math.round(side / height));
  const gray = channels === 3 ? 3 : 1;
  const layout = { columns, scale, padding: padding ?? scale };
  return { png: grid(images, { height, width, channels: gray, range, ...layout, ...text }) };
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

/** Several images as one. */
export interface Mosaic {
  /** [height, width, channels] */
  readonly pixels: Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Images as one, in a square of rows with a white line between. */
export function mosaic(images: readonly Float32Array[], { height, width, channels, range }: ImageEntry): Mosaic {
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Math.ceil(images.length / columns);
  const [tall, wide] = [rows * (height + 1) - 1, columns * (width + 1) - 1];
  const pixels = new Float32Array(tall * wide * channels).fill(range[1]);
  for (const [index, image] of images.entries()) {
    const [top, left] = [Math.floor(index / columns) * (height + 1), (index % columns) * (width + 1)];
    for (let y = 0; y < height; y++) {
      const line = image.subarray(y * width * channels, (y + 1) * width * channels);
      pixels.set(line, ((top + y) * wide + left) * channels);
    }
  }
  return { pixels, height: tall, width: wide };
}
