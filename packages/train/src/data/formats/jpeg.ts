import jpeg from 'jpeg-js';
import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';
import { jpegOrientation, upright } from './orientation.js';
import type { RasterImage } from './raster.js';

/** Larger images than this are refused rather than decoded: a small file can claim any size. */
const MEGAPIXELS = 50;

/** Pixels that take one bit at least. */
const BLOCK_PIXELS = 64;

/** Told by the content: JPEG starts with ff d8 ff. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Baseline and progressive JPEG of one (grey) or three (colour) components, turned upright as its Exif data say.
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
  const { width, height, components, offset, holdsRgb } = frame;
  if (components !== 1 && components !== 3) {
    return fault(
      offset,
      'a grey or colour JPEG (1 or 3 components)',
      `${components} components${components === 4 ? ' (CMYK): convert it to RGB' : ''}`,
    );
  }
  if (width * height > BLOCK_PIXELS * 8 * bytes.length) {
    return fault(offset, `a size that ${bytes.length} bytes can hold`, `${width} x ${height} pixels`);
  }
  try {
    const { data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      colorTransform: !holdsRgb,
      maxResolutionInMP: MEGAPIXELS,
    });
    // The decoder gives grey as three equal channels.
    const grey = () => Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!);
    const image: RasterImage = { width, height, channels: components, data: components === 3 ? data : grey() };
    return upright(image, jpegOrientation(bytes));
  } catch (error) {
    // Where a table is missing the decoder stumbles, and the message is V8's.
    const reason = error instanceof Error && error.constructor === Error ? error.message : 'the decoder gave up';
    return fault(offset, 'intact JPEG data after this place', `damage (${reason})`, false, error);
  }
}

interface Frame {
  readonly width: number;
  readonly height: number;
  /** Where the frame header is. */
  readonly offset: number;
  /** How many components it announces. */
  readonly components: number;
  /** Its three components are red, green and blue, not luminance and chrominance. */
  readonly holdsRgb: boolean;
}

/** How many components a JPEG's frame announces; undefined without a frame. */
export function jpegComponents(bytes: Uint8Array): number | undefined {
  return findFrame(bytes)?.components;
}

/** The frame header (ITU T.81, B.2.2), and what the application markers before it say of the colours. */
function findFrame(bytes: Uint8Array): Frame | undefined {
  let [at, jfif] = [2, false];
  let adobeTransform: number | undefined;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    // C0 to CF are frames, but for the tables C4 and CC and the reserved C8.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      const components = bytes[at + 9]!;
      const ids = String.fromCharCode(...[0, 1, 2].map((i) => bytes[at + 10 + 3 * i] ?? 0));
      // As libjpeg decides: JFIF fixes the colours, else Adobe's marker does, else the components' names tell.
      const holdsRgb = !jfif && (adobeTransform === undefined ? ids === 'RGB' : adobeTransform === 0);
      const [height, width] = [bytes[at + 5]! * 256 + bytes[at + 6]!, bytes[at + 7]! * 256 + bytes[at + 8]!];
      return { width, height, components, offset: at, holdsRgb };
    }
    if (marker === 0xe0 && startsWith(bytes, at + 4, 'JFIF\0')) jfif = true;
    if (marker === 0xee && startsWith(bytes, at + 4, 'Adobe')) adobeTransform = bytes[at + 15];
    const fill = marker === 0xff;
    at += fill ? 1 : 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
  }
  return undefined;
}

function startsWith(bytes: Uint8Array, offset: number, word: string): boolean {
  return Array.from(word).every((letter, i) => bytes[offset + i] === letter.charCodeAt(0));
}
