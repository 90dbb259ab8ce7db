import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';
import type { RasterImage } from './raster.js';

const NEWLINE = 0x0a;
const COMMENT = 0x23;
/** The longest number that a header may have: more digits are no size. */
const DIGITS = 9;

/** Told by the content: binary PGM starts with P5 and white space. */
export function isPgm(bytes: Uint8Array): boolean {
  return bytes.length >= 3 && bytes[0] === 0x50 && bytes[1] === 0x35 && (isSpace(bytes[2]) || bytes[2] === COMMENT);
}

/**
 * Binary grey images: `P5`, width, height, the value of white (1 to 65535), one white space, the pixels row by row, each
 * one byte, or two (big endian) where white is above 255 (netpbm.sourceforge.net/doc/pgm.html). A comment runs from # to
 * the line's end. Values are scaled so that white is 255; bytes after the pixels are ignored.
 *
 * @throws FormatError no P5, a header that is no PGM's, pixels cut off, a pixel brighter than white
 */
export function parsePgm({ file, bytes }: FileContent): RasterImage {
  const fault = (offset: number, expected: string, found: string, truncated = false): never => {
    throw new FormatError({ file, offset, expected, found, truncated });
  };
  if (!isPgm(bytes))
    fault(0, "a binary PGM, which starts with 'P5'", printable(bytes.subarray(0, 3)), bytes.length < 3);
  let at = 2;
  const number = (name: string, largest: number): number => {
    while (at < bytes.length && (isSpace(bytes[at]) || bytes[at] === COMMENT)) {
      if (bytes[at] === COMMENT) while (at < bytes.length && bytes[at] !== NEWLINE) at++;
      at++;
    }
    const from = Math.min(at, bytes.length);
    while (at < bytes.length && isDigit(bytes[at]!) && at - from < DIGITS) at++;
    const wanted = `${name}, 1 to ${largest}`;
    if (from === bytes.length) fault(from, wanted, 'the end of the file', true);
    const text = printable(bytes.subarray(from, Math.max(at, from + 1)));
    const value = at > from ? Number(text) : 0;
    if (!(value >= 1 && value <= largest)) fault(from, wanted, `'${text}'`);
    return value;
  };
  const width = number('the width', 65_535);
  const height = number('the height', 65_535);
  const white = number('the value of white', 65_535);
  if (!isSpace(bytes[at]))
    fault(at, 'white space before the pixels', printable(bytes.subarray(at, at + 1)), at >= bytes.length);
  at++;
  const size = white > 255 ? 2 : 1;
  const end = at + width * height * size;
  if (bytes.length < end) {
    fault(bytes.length, `${width} x ${height} pixels up to byte ${end}`, 'the end of the file', true);
  }
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const offset = at + i * size;
    const value = size === 1 ? bytes[offset]! : bytes[offset]! * 256 + bytes[offset + 1]!;
    if (value > white) fault(offset, `a pixel of at most ${white}`, `${value}`);
    data[i] = Math.round((value * 255) / white);
  }
  return { width, height, channels: 1, data };
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Bytes as text for a message; what can't be printed as a hexadecimal number. */
function printable(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the end of the file';
  return Array.from(bytes, (byte) =>
    byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `0x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
