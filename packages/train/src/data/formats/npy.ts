import { crc32 } from 'node:zlib';
import { unzipSync } from 'fflate';
import { FormatError } from '../errors.js';
import { shortened } from '../shortened.js';
import type { FileContent } from './gzip.js';

/** An array as NumPy saves it. */
export interface NpyArray {
  /** NumPy's name, such as `uint8`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Row by row (C order). int64 and uint64 come as float64: exact to 2^53. */
  readonly data:
    | Uint8Array
    | Int8Array
    | Uint16Array
    | Int16Array
    | Uint32Array
    | Int32Array
    | Float32Array
    | Float64Array;
}

type Reader = readonly [dtype: string, bytes: number, read: (buffer: ArrayBuffer) => NpyArray['data']];

/** By NumPy's code, little-endian or of one byte. */
const READERS: Readonly<Record<string, Reader>> = {
  '|b1': ['bool', 1, (buffer) => new Uint8Array(buffer)],
  '|u1': ['uint8', 1, (buffer) => new Uint8Array(buffer)],
  '|i1': ['int8', 1, (buffer) => new Int8Array(buffer)],
  '<u2': ['uint16', 2, (buffer) => new Uint16Array(buffer)],
  '<i2': ['int16', 2, (buffer) => new Int16Array(buffer)],
  '<u4': ['uint32', 4, (buffer) => new Uint32Array(buffer)],
  '<i4': ['int32', 4, (buffer) => new Int32Array(buffer)],
  '<u8': ['uint64', 8, (buffer) => Float64Array.from(new BigUint64Array(buffer), Number)],
  '<i8': ['int64', 8, (buffer) => Float64Array.from(new BigInt64Array(buffer), Number)],
  '<f4': ['float32', 4, (buffer) => new Float32Array(buffer)],
  '<f8': ['float64', 8, (buffer) => new Float64Array(buffer)],
};

/** The most bytes that deflate packs into one (zlib.net, "Technical Details"); stored ones are as many. */
const DEFLATE_RATIO = 1032;

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** @throws FormatError not a .npy file, cut off, in column order, or of a type that is not read */
export function parseNpy({ file, bytes }: FileContent): NpyArray {
  const fault = (offset: number, expected: string, found: string, truncated = false): FormatError =>
    new FormatError({ file, offset, expected, found, truncated });
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw fault(0, "an array of NumPy (.npy)'s signature", 'other bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] ?? 0) >= 2;
  const start = long ? 12 : 10;
  if (bytes.length < start) throw fault(bytes.length, 'the length of the header', 'the end of the file', true);
  const begin = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (bytes.length < begin) throw fault(bytes.length, `a header to byte ${begin}`, 'the end of the file', true);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, begin));
  const code = /'descr'\s*:\s*'([^']+)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape'\s*:\s*\(((?:\s*\d+\s*(?:,|(?=\))))*)\s*\)/.exec(header)?.[1];
  if (order === undefined || sizes === undefined) {
    throw fault(start, "a header with 'fortran_order' and 'shape'", `'${shortened(header.trim())}'`);
  }
  const reader = code !== undefined && Object.hasOwn(READERS, code) ? READERS[code] : undefined;
  if (reader === undefined) {
    throw fault(
      start,
      'whole numbers, float32 or float64, little-endian',
      code === undefined ? 'the type of a record' : `the type ${shortened(code)}`,
    );
  }
  if (order === 'True') throw fault(start, 'row order (numpy.ascontiguousarray gives it)', 'column order');
  const shape = sizes
    .split(',')
    .map((size) => size.trim())
    .filter((size) => size !== '')
    .map(Number);
  const [dtype, width, read] = reader;
  const length = width * shape.reduce((product, size) => product * size, 1);
  if (bytes.length - begin !== length) {
    const found = `${bytes.length - begin} bytes`;
    throw fault(begin, `${length} bytes of an array ${shape.join(' x ')}`, found, bytes.length - begin < length);
  }
  return { dtype, shape, data: read(new Uint8Array(bytes.subarray(begin)).buffer) };
}

/**
 * The arrays of a .npz file (numpy.savez, packed or not) by name.
 *
 * @throws FormatError damaged, or an entry that is no array
 */
export function parseNpz({ file, bytes }: FileContent): Readonly<Record<string, NpyArray>> {
  const damaged = (reason: string, cause?: unknown): FormatError => {
    const fault = {
      file,
      offset: 0,
      expected: 'an intact .npz archive',
      found: `damage (${reason})`,
      truncated: false,
    };
    return new FormatError(fault, { cause });
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
  return Object.fromEntries(
    Object.entries(entries).map(([name, content]) => {
      if (crc32(content) !== checksums.get(name))
        throw damaged(`the checksum of ${shortened(name)} is that of other bytes`);
      return [name.replace(/\.npy$/, ''), parseNpy({ file: `${file}: ${name}`, bytes: content })];
    }),
  );
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
