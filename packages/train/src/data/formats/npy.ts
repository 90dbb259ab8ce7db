import { FormatError } from '../errors.js';
import { shortened } from '../shortened.js';
import type { FileContent } from './gzip.js';
import { readZip } from './zip.js';

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

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

/** The head of a .npy file: what its array is, and where it begins. */
export interface NpyHeader {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes before the array. */
  readonly begin: number;
  /** Bytes of a value. */
  readonly width: number;
  /** Values of some bytes of the array. */
  read(bytes: Uint8Array): NpyArray['data'];
}

/** A header lies within the first bytes: those of NumPy have 128. */
export const NPY_HEADER: number = 2 ** 16;

/** @throws FormatError not a .npy file, cut off, in column order, or of a type that is not read */
export function parseNpy(content: FileContent): NpyArray {
  const { dtype, shape, begin, read } = parseNpyHeader(content);
  return { dtype, shape, data: read(content.bytes.subarray(begin)) };
}

/**
 * @param content the file, or its first {@link NPY_HEADER} bytes
 * @param length of the file
 * @throws FormatError as {@link parseNpy}
 */
export function parseNpyHeader({ file, bytes }: FileContent, length: number = bytes.length): NpyHeader {
  const fault = (offset: number, expected: string, found: string, truncated = false): FormatError =>
    new FormatError({ file, offset, expected, found, truncated });
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw fault(0, "an array of NumPy (.npy)'s signature", 'other bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] ?? 0) >= 2;
  const start = long ? 12 : 10;
  if (bytes.length < start) throw fault(bytes.length, 'the length of the header', 'the end of the file', true);
  const begin = start + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (bytes.length < begin && bytes.length < length)
    throw fault(start, `a header of at most ${NPY_HEADER} bytes`, `one to byte ${begin}`);
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
  const wanted = width * shape.reduce((product, size) => product * size, 1);
  if (length - begin !== wanted) {
    const found = `${length - begin} bytes`;
    throw fault(begin, `${wanted} bytes of an array ${shape.join(' x ')}`, found, length - begin < wanted);
  }
  // A copy, which begins where numbers may.
  return { dtype, shape, begin, width, read: (some) => read(new Uint8Array(some).buffer) };
}

/**
 * The arrays of a .npz file (numpy.savez, packed or not) by name.
 *
 * @throws FormatError damaged, or an entry that is no array
 */
export function parseNpz(content: FileContent): Readonly<Record<string, NpyArray>> {
  return Object.fromEntries(Object.entries(npzEntries(content)).map(([name, entry]) => [name, parseNpy(entry!)]));
}

/** The .npy files in a .npz file, by the names of the arrays. @throws FormatError damaged */
export function npzEntries(content: FileContent): Readonly<Record<string, FileContent | undefined>> {
  return Object.fromEntries(
    Array.from(readZip(content, '.npz archive'), ([name, bytes]) => {
      return [name.replace(/\.npy$/, ''), { file: `${content.file}: ${name}`, bytes }];
    }),
  );
}

/** A .npy file (version 1.0) of an array, row by row. */
export function npyBytes(
  code: '|u1' | '<i4' | '<f4',
  shape: readonly number[],
  data: Uint8Array | Int32Array | Float32Array,
): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  // The array begins at a multiple of 64, as NumPy has it.
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set([...MAGIC, 1, 0, length & 255, length >> 8]);
  out.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), 10);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return out;
}
