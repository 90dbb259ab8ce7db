import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';

export type TextEncoding = 'utf-8' | 'windows-1252';

const DECODERS: Readonly<Record<TextEncoding, (bytes: Uint8Array) => string>> = {
  'utf-8': (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
  'windows-1252': decodeWindows1252,
};

/** The byte order mark with which some editors begin a UTF-8 file. */
const BYTE_ORDER_MARK: readonly number[] = [0xef, 0xbb, 0xbf];

/** The characters 0x80 to 0x9f (WHATWG Encoding, index windows-1252); the other bytes are those of Unicode. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Node's own decoder of this name decodes Latin-1 (nodejs/node#56542). */
function decodeWindows1252(bytes: Uint8Array): string {
  const latin = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return latin.replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80]!);
}

export interface Line {
  readonly text: string;
  /** Its first byte in the file. */
  readonly offset: number;
}

/** The text of `readLines`. */
export function parseLines(content: FileContent, encoding: TextEncoding): string[] {
  return readLines(content, encoding).map(({ text }) => text);
}

/**
 * The lines of a text file, split at `\n` only: other characters that some programs take for line ends (0x85, U+2028)
 * are part of a line. The last line may lack its newline. In UTF-8, where users' own files are, neither a byte order mark
 * before the first line nor the `\r` of a `\r\n` is part of a line; in Windows-1252 every byte but `\n` is a character.
 *
 * @throws FormatError naming the byte of the first line that is not in this encoding
 */
export function readLines({ file, bytes }: FileContent, encoding: TextEncoding): Line[] {
  const lines: Line[] = [];
  const utf8 = encoding === 'utf-8';
  const marked = utf8 && BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
  for (let from = marked ? BYTE_ORDER_MARK.length : 0; from < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, from);
    const to = newline < 0 ? bytes.length : newline;
    const end = utf8 && newline > from && bytes[newline - 1] === 0x0d ? newline - 1 : to;
    try {
      lines.push({ text: DECODERS[encoding](bytes.subarray(from, end)), offset: from });
    } catch (cause) {
      const expected = `${encoding} text in line ${lines.length + 1}`;
      const marked16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
      const found = marked16 ? 'UTF-16: save it as UTF-8' : 'bytes that are not';
      const fault = { file, offset: from, expected, found, truncated: false };
      throw new FormatError(fault, { cause });
    }
    from = to + 1;
  }
  return lines;
}
