import { PNG } from 'pngjs';
import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';
import type { RasterImage } from './raster.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Told by the content: the eight bytes that every PNG starts with. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * PNG of any kind; a palette counts as colour. Transparency can't be kept.
 *
 * @throws FormatError not a PNG, damaged, or with transparent pixels
 */
export function decodePng({ file, bytes }: FileContent): RasterImage {
  const fault = (expected: string, found: string, cause?: unknown): never => {
    throw new FormatError({ file, offset: 0, expected, found, truncated: false }, { cause });
  };
  if (!isPng(bytes)) fault("a PNG's signature", `${bytes.length} bytes of something else`);
  let png: ReturnType<typeof PNG.sync.read> & { color?: boolean };
  try {
    png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fault('an intact PNG', `damage (${reason})`, error);
  }
  const { width, height, data, color } = png;
  const channels = color === false ? 1 : 3;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (data[4 * pixel + 3] !== 255) return fault('an image without transparent pixels', `pixel ${pixel} transparent`);
    for (let channel = 0; channel < channels; channel++) out[pixel * channels + channel] = data[4 * pixel + channel]!;
  }
  return { width, height, channels, data: out };
}
