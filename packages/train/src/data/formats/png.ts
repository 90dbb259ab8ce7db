import { PNG } from 'pngjs';
import { FormatError } from '../errors.js';
import { damageOf } from './damage.js';
import type { FileContent } from './gzip.js';
import type { RasterImage } from './raster.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** `IHDR`, the name of the header's chunk. */
const IHDR = 0x49484452;

/** The chunk `IEND` at the end of each PNG. */
const END = Buffer.from('0000000049454e44ae426082', 'hex');

/** The most bytes that deflate packs into one. */
const DEFLATE_RATIO = 1032;

/** Larger images are refused. */
const MEGAPIXELS = 50;

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
  requirePossibleSize(bytes, fault);
  let png: ReturnType<typeof PNG.sync.read> & { color?: boolean };
  try {
    png = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    const breaksOff = Buffer.from(bytes.subarray(-END.length)).equals(END) ? damageOf(error) : 'it breaks off';
    return fault('an intact PNG', `damage (${breaksOff})`, error);
  }
  const { width, height, data, color } = png;
  const channels = color === false ? 1 : 3;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (data[4 * pixel + 3] !== 255) {
      return fault('an image without transparent pixels (put it on a background first)', `pixel ${pixel} transparent`);
    }
    for (let channel = 0; channel < channels; channel++) out[pixel * channels + channel] = data[4 * pixel + channel]!;
  }
  return { width, height, channels, data: out };
}

/** Room is made for the size that the header claims, which a small file can't hold: refused before. */
function requirePossibleSize(bytes: Uint8Array, fault: (expected: string, found: string) => never): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let headers = 0;
  for (let at = SIGNATURE.length; at + 16 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) !== IHDR) continue;
    if (++headers > 1) fault('one header', 'two');
    if (view.getUint32(at) !== 13) fault('a header of 13 bytes', `one of ${view.getUint32(at)}`);
    const [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    const found = `${width} x ${height}`;
    // One of 0 lets pngjs make room for lines of the other without end.
    if (width * height === 0) fault('a width and a height of at least 1', found);
    if (width * height > 1e6 * MEGAPIXELS) fault(`at most ${MEGAPIXELS} million pixels`, found);
    // A pixel has one bit at least.
    if (width * height > 8 * DEFLATE_RATIO * bytes.length) fault(`a size that ${bytes.length} bytes can hold`, found);
  }
}
