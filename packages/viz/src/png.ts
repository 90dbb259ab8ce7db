import { PNG } from 'pngjs';

/** Pixels, row by row from the top left, one byte per channel: gray (1), RGB (3) or RGBA (4, not premultiplied). */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/** PNG's colour types (PNG specification, 11.2.2). */
const COLOR_TYPE = { 1: 0, 3: 2, 4: 6 } as const;

/** Encodes a raster as PNG without changing a pixel; the file has the raster's own channels, 8 bits each. */
export function encodePng({ width, height, channels, data }: Raster): Uint8Array {
  const png = new PNG({ width, height });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const colorType = COLOR_TYPE[channels];
  return PNG.sync.write(png, { colorType, inputColorType: colorType, inputHasAlpha: channels === 4, bitDepth: 8 });
}
