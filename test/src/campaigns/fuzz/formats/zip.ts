import { crc32, inflateRawSync } from 'node:zlib';

/** Signatures of the parts of a zip archive (APPNOTE.TXT, 4.3). */
export const ZIP_WORDS = [
  'PK\u0001\u0002',
  'PK\u0003\u0004',
  'PK\u0005\u0006',
  'PK\u0006\u0006',
  '../',
  '/etc/x',
  '\u0000',
];

/** The checksums of the archive's directory as the content has them, as far as it can be found. */
export function repairZip(input: Uint8Array): Uint8Array {
  const out = Buffer.from(input);
  for (
    let at = out.indexOf('PK\u0001\u0002');
    at >= 0 && at + 46 <= out.length;
    at = out.indexOf('PK\u0001\u0002', at + 1)
  ) {
    const local = out.readUInt32LE(at + 42);
    if (local + 30 > out.length) continue;
    const from = local + 30 + out.readUInt16LE(local + 26) + out.readUInt16LE(local + 28);
    const packed = out.subarray(from, from + out.readUInt32LE(at + 20));
    try {
      const content = out.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed, { maxOutputLength: 1 << 20 });
      out.writeUInt32LE(crc32(content), at + 16);
    } catch {
      // It stays damaged.
    }
  }
  return out;
}
