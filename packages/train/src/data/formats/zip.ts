import { crc32 } from 'node:zlib';
import { unzipSync } from 'fflate';
import { FormatError } from '../errors.js';
import { shortened } from '../shortened.js';
import type { FileContent } from './gzip.js';

/** The most bytes that deflate packs into one (zlib.net, "Technical Details"); stored ones are as many. */
const DEFLATE_RATIO = 1032;

/** Told by the content: `PK`, then the number of a record. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2]! <= 8 && bytes[3] === bytes[2]! + 1;
}

/**
 * The files of a zip archive by name, in its order; folders are left out.
 *
 * @param what the noun that messages call it by
 * @throws FormatError damaged
 */
export function readZip({ file, bytes }: FileContent, what = '.zip archive'): ReadonlyMap<string, Uint8Array> {
  const damaged = (reason: string, cause?: unknown): FormatError => {
    const found = `damage (${reason})`;
    return new FormatError({ file, offset: 0, expected: `an intact ${what}`, found, truncated: false }, { cause });
  };
  let entries: Readonly<Record<string, Uint8Array>>;
  try {
    entries = unzipSync(bytes, {
      // As much room as an entry claims is made for it: more than deflate can pack is a lie.
      filter({ name, size, originalSize }) {
        if (originalSize > DEFLATE_RATIO * size) {
          throw new Error(`${shortened(name)} claims ${originalSize} bytes, more than ${size} packed ones can hold`);
        }
        return true;
      },
    });
  } catch (error) {
    throw damaged(error instanceof Error ? error.message : String(error), error);
  }
  const checksums = checksumsOf(bytes);
  const files = new Map<string, Uint8Array>();
  for (const [name, content] of Object.entries(entries)) {
    if (/[\\/]$/.test(name)) continue;
    if (crc32(content) !== checksums.get(name))
      throw damaged(`the checksum of ${shortened(name)} is that of other bytes`);
    files.set(name, content);
  }
  return files;
}

/** CRC-32 of each entry by the archive's directory, which fflate does not compare (APPNOTE.TXT 4.3.12 and 4.3.16). */
function checksumsOf(bytes: Uint8Array): ReadonlyMap<string, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end > 0 && view.getUint32(end, true) !== 0x06054b50) end--;
  const found = new Map<string, number>();
  let at = view.getUint32(end + 16, true);
  while (at + 46 <= end && view.getUint32(at, true) === 0x02014b50) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ];
    found.set(new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name)), view.getUint32(at + 16, true));
    at += 46 + name + extra + comment;
  }
  return found;
}
