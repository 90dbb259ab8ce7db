import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';
import { decodeJpeg, isJpeg } from './jpeg.js';
import { isPgm, parsePgm } from './pgm.js';
import { decodePng, isPng } from './png.js';
import type { RasterImage } from './raster.js';

/** Decodes a PNG, JPEG or binary PGM, told apart by their first bytes. @throws FormatError one of no such kind, or damaged */
export function decodeImage(content: FileContent): RasterImage {
  const { file, bytes } = content;
  if (isPng(bytes)) return decodePng(content);
  if (isJpeg(bytes)) return decodeJpeg(content);
  if (isPgm(bytes)) return parsePgm(content);
  const found = bytes.length === 0 ? 'an empty file' : 'the first bytes of something else';
  throw new FormatError({ file, offset: 0, expected: 'a PNG, JPEG or binary PGM image', found, truncated: false });
}
