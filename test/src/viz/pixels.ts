import { PNG } from 'pngjs';

/** A decoded PNG: RGBA bytes, and the colour type that the file has (0 gray, 2 RGB, 6 RGBA). */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly colorType: number;
  readonly data: Uint8Array;
}

export function decode(png: Uint8Array): Pixels {
  const { width, height, data } = PNG.sync.read(Buffer.from(png));
  // Byte 25 is the colour type: 8 of signature, 8 of chunk header, 4 + 4 of size, 1 of depth.
  return { width, height, data, colorType: png[25]! };
}

/** [red, green, blue] of one pixel. */
export function at({ width, data }: Pixels, x: number, y: number): number[] {
  return Array.from(data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3));
}

/** The first channel of a rectangle, row by row. */
export function window(pixels: Pixels, left: number, top: number, width: number, height: number): number[][] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => at(pixels, left + x, top + y)[0]!),
  );
}

/** How many pixels of a rectangle are darker than `level` in all channels. */
export function inkIn(pixels: Pixels, left: number, top: number, width: number, height: number, level = 128): number {
  let count = 0;
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) if (at(pixels, x, y).every((value) => value < level)) count++;
  }
  return count;
}
