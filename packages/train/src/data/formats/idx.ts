import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly dims: readonly number[];
  /** Row-major. Bytes are a view of the file's content; wider types are copied to the machine's byte order. */
  readonly data: IdxData;
}

interface ElementType {
  readonly name: string;
  readonly bytes: number;
  decode(content: Uint8Array, offset: number, count: number): IdxData;
}

/** Third byte of the magic number -> element type. Everything is big endian. */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  8: { name: 'uint8', bytes: 1, decode: (content, offset, count) => content.subarray(offset, offset + count) },
  9: { name: 'int8', bytes: 1, decode: wide(Int8Array, (view, at) => view.getInt8(at)) },
  11: { name: 'int16', bytes: 2, decode: wide(Int16Array, (view, at) => view.getInt16(at)) },
  12: { name: 'int32', bytes: 4, decode: wide(Int32Array, (view, at) => view.getInt32(at)) },
  13: { name: 'float32', bytes: 4, decode: wide(Float32Array, (view, at) => view.getFloat32(at)) },
  14: { name: 'float64', bytes: 8, decode: wide(Float64Array, (view, at) => view.getFloat64(at)) },
};

function wide<T extends IdxData>(
  Type: { new (length: number): T; readonly BYTES_PER_ELEMENT: number },
  get: (view: DataView, at: number) => number,
): ElementType['decode'] {
  return (content, offset, count) => {
    const view = new DataView(content.buffer, content.byteOffset + offset, count * Type.BYTES_PER_ELEMENT);
    const out = new Type(count);
    for (let i = 0; i < count; i++) out[i] = get(view, i * Type.BYTES_PER_ELEMENT);
    return out;
  };
}

/**
 * IDX, the format of the MNIST files: two zero bytes, the element type, the number of dimensions, each dimension as
 * uint32, then the elements; big endian throughout (http://yann.lecun.com/exdb/mnist, "the IDX file format").
 *
 * @throws FormatError naming file, byte offset and what was expected
 */
export function parseIdx({ file, bytes }: FileContent): IdxArray {
  const fail = (offset: number, expected: string, found: string, truncated = false): never => {
    throw new FormatError({ file, offset, expected, found, truncated });
  };
  const need = (end: number, expected: string): void => {
    if (bytes.length < end) fail(bytes.length, expected, 'the end of the file', true);
  };

  need(4, 'the four bytes of the IDX magic number');
  if (bytes[0] !== 0 || bytes[1] !== 0) fail(0, 'an IDX magic number (two zero bytes)', hex(bytes.subarray(0, 4)));
  const type = ELEMENT_TYPES[bytes[2]!];
  if (!type) return fail(2, 'an IDX element type (08, 09, 0b, 0c, 0d or 0e)', hex(bytes.subarray(2, 3)));

  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  need(header, `${rank} dimensions of four bytes each`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));

  const count = dims.reduce((product, size) => product * size, 1);
  const end = header + count * type.bytes;
  const what = `${end} bytes in all (${type.name} [${dims.join(', ')}])`;
  need(end, what);
  if (bytes.length > end) fail(end, what, `${bytes.length - end} more`);
  return { dims, data: type.decode(bytes, header, count) };
}

/** An IDX file that must hold bytes in `dims`; -1 stands for any size. */
export function parseIdxBytes(content: FileContent, dims: readonly number[]): { count: number; data: Uint8Array } {
  const array = parseIdx(content);
  const fits = array.dims.length === dims.length && dims.every((size, axis) => size < 0 || size === array.dims[axis]);
  if (!fits || !(array.data instanceof Uint8Array)) {
    const expected = `uint8 [${dims.map((size) => (size < 0 ? 'any' : size)).join(', ')}]`;
    const found = `${array.data.constructor.name.replace('Array', '').toLowerCase()} [${array.dims.join(', ')}]`;
    throw new FormatError({ file: content.file, offset: 0, expected, found, truncated: false });
  }
  return { count: array.dims[0] ?? 1, data: array.data };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
