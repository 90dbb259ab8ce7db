import jpeg from 'jpeg-js';
import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';
import type { RasterImage } from './raster.js';

/** Larger images than this are refused rather than decoded: a small file can claim any size. */
const MEGAPIXELS = 50;

/** Told by the content: JPEG starts with ff d8 ff. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Baseline and progressive JPEG of one (grey) or three (colour) components.
 *
 * @throws FormatError not a JPEG, damaged, cut off, or of another number of components
 */
export function decodeJpeg({ file, bytes }: FileContent): RasterImage {
  const fault = (offset: number, expected: string, found: string, truncated = false, cause?: unknown): never => {
    throw new FormatError({ file, offset, expected, found, truncated }, { cause });
  };
  if (!isJpeg(bytes)) fault(0, 'a JPEG, which starts with ff d8 ff', `${bytes.length} bytes of something else`);
  const frame = findFrame(bytes);
  if (frame === undefined) {
    return fault(bytes.length, 'the header of a JPEG frame', 'the end of the file', true);
  }
  const { components, offset } = frame;
  if (components !== 1 && components !== 3) {
    return fault(offset, 'a grey or colour JPEG (1 or 3 components)', `${components} components`);
  }
  try {
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: MEGAPIXELS,
    });
    if (components === 3) return { width, height, channels: 3, data };
    // The decoder gives grey as three equal channels.
    return { width, height, channels: 1, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fault(offset, 'intact JPEG data after this place', `damage (${reason})`, false, error);
  }
}

/** The frame header (ITU T.81, B.2.2): where it is, and how many components it announces. */
function findFrame(bytes: Uint8Array): { components: number; offset: number } | undefined {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    // C0 to CF are frames, but for the tables C4 and CC and the reserved C8.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { components: bytes[at + 9]!, offset: at };
    const fill = marker === 0xff;
    at += fill ? 1 : 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}
