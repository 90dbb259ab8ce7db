import { crc32 } from 'node:zlib';

/** The chunks that the format knows. */
export const PNG_WORDS = ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'tEXt', 'cICP'];

const SIGNATURE = 8;

/** The checksum of every chunk as its content has it (PNG specification, 5.3). */
export function repairPng(input: Uint8Array): Uint8Array {
  const out = Buffer.from(input);
  for (let at = SIGNATURE; at + 12 <= out.length; ) {
    const end = at + 8 + out.readUInt32BE(at);
    if (end + 4 > out.length) break;
    out.writeUInt32BE(crc32(out.subarray(at + 4, end)), end);
    at = end + 4;
  }
  return out;
}
