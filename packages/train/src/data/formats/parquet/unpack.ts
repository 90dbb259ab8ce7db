import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { snappyUncompress } from 'hyparquet';
import { decompressLz4, decompressLz4Raw } from 'hyparquet-compressors';
import { requireZstd, unpackZstd } from './zstd.js';

/** The most bytes that a page may unpack to; writers aim at 1 MiB. */
export const PAGE_BYTES: number = 2 ** 30;

/** @param size the page's length by its header, at most {@link PAGE_BYTES} */
export type Unpack = (input: Uint8Array, size: number) => Uint8Array;

/** By the names of Parquet's codecs; each throws an Error unless the page unpacks to as many bytes as its header says. */
export const UNPACK: ReadonlyMap<string, Unpack> = new Map(
  Object.entries<Unpack>({
    UNCOMPRESSED: (input) => input,
    SNAPPY: (input, size) => {
      requireSnappy(input, size);
      const output = new Uint8Array(size);
      snappyUncompress(input, output);
      return output;
    },
    GZIP: (input, maxOutputLength) => gunzipSync(input, { maxOutputLength }),
    BROTLI: (input, maxOutputLength) => brotliDecompressSync(input, { maxOutputLength }),
    ZSTD: (input, size) => {
      requireZstd(input, size);
      return unpackZstd(input);
    },
    LZ4: ratio(255, decompressLz4),
    LZ4_RAW: ratio(255, decompressLz4Raw),
  }).map(([name, unpack]) => [name, checked(name, unpack)]),
);

function checked(name: string, unpack: Unpack): Unpack {
  return (input, size) => {
    const output = unpack(input, size);
    if (output.length === size) return output;
    throw new Error(`a ${name} page that unpacks to ${output.length} bytes and not to the ${size} of its header`);
  };
}

/** For a packing that makes at most so many bytes of one: no room is made for what the input can't hold. */
function ratio(most: number, unpack: Unpack): Unpack {
  return (input, size) => {
    if (size <= most * input.length) return unpack(input, size);
    throw new Error(`a page of ${input.length} bytes that claims to unpack to ${size}`);
  };
}

/**
 * Walks through Snappy's elements (github.com/google/snappy, format_description.txt) without unpacking them: hyparquet goes backwards at
 * literals of 2 GiB and more, without end, and makes room for any size that the page claims.
 *
 * @throws Error unless they lie in the input and make up `size` bytes
 */
function requireSnappy(input: Uint8Array, size: number): void {
  let at = 0;
  while (at < input.length && input[at]! >= 128) at++;
  at++;
  let unpacked = 0;
  while (at < input.length) {
    const tag = input[at++]!;
    const kind = tag & 3;
    let length = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    if (kind === 0) {
      const more = Math.max(0, length - 60);
      if (more > 0) length = 1;
      for (let i = 0; i < more; i++) length += (input[at + i] ?? 0) * 256 ** i;
      at += more + length;
    } else at += kind === 3 ? 4 : kind;
    unpacked += length;
  }
  if (at !== input.length || unpacked !== size) throw new Error(`Snappy data that are not those of ${size} bytes`);
}
