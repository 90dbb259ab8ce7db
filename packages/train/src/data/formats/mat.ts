import { promisify } from 'node:util';
import { inflate as inflateWithCallback } from 'node:zlib';
import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';

const inflate = promisify(inflateWithCallback);

/** A numeric array of a MAT file. */
export interface MatArray {
  readonly name: string;
  readonly dims: readonly number[];
  /** Column-major: the first dimension runs fastest. Bytes as they are stored; other types as float64. */
  readonly data: Uint8Array | Float64Array;
}

const HEADER = 128;

/** Numeric element types: bytes per value and how to read one (MAT-File Format, version 5, table 1-1). */
const NUMBERS: Readonly<Record<number, { bytes: number; get: (view: DataView, at: number) => number }>> = {
  1: { bytes: 1, get: (view, at) => view.getInt8(at) },
  2: { bytes: 1, get: (view, at) => view.getUint8(at) },
  3: { bytes: 2, get: (view, at) => view.getInt16(at, true) },
  4: { bytes: 2, get: (view, at) => view.getUint16(at, true) },
  5: { bytes: 4, get: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, get: (view, at) => view.getUint32(at, true) },
  7: { bytes: 4, get: (view, at) => view.getFloat32(at, true) },
  9: { bytes: 8, get: (view, at) => view.getFloat64(at, true) },
};
const UINT8 = 2;
const MATRIX = 14;
const COMPRESSED = 15;
/** Classes of arrays that hold plain numbers: double .. uint64, without sparse, cells, structures and text. */
const NUMERIC_CLASSES = { first: 6, last: 15 };

/** A tagged piece of the file. */
interface Element {
  readonly type: number;
  readonly data: Uint8Array;
  /** Where its tag is, for messages. */
  readonly offset: number;
}

/**
 * The numeric arrays of a MAT file, version 5, by name; compressed elements are unpacked. Little-endian files only, which
 * is what every writer on today's machines makes.
 *
 * @throws FormatError for another format or byte order, and where the file ends too early or is damaged
 */
export async function parseMat({ file, bytes }: FileContent): Promise<ReadonlyMap<string, MatArray>> {
  const fail = (offset: number, expected: string, found: string, truncated = false): never => {
    throw new FormatError({ file, offset, expected, found, truncated });
  };
  if (bytes.length < HEADER) {
    fail(bytes.length, `the ${HEADER} bytes of a MAT file's header`, 'the end of the file', true);
  }
  const order = String.fromCharCode(...bytes.subarray(126, 128));
  if (order === 'MI') fail(126, "a little-endian MAT file ('IM')", "a big-endian one ('MI'); save it again on a PC");
  const version = new DataView(bytes.buffer, bytes.byteOffset).getUint16(124, true);
  if (order !== 'IM' || version !== 0x0100) {
    const found = order === 'IM' ? `version 0x${version.toString(16).padStart(4, '0')}` : `'${printable(order)}'`;
    fail(order === 'IM' ? 124 : 126, "a MAT file of version 5 (0x0100 and 'IM'; not 7.3, which is HDF5)", found);
  }

  const arrays = new Map<string, MatArray>();
  for (const element of elements(bytes, HEADER, 0, fail)) {
    const whole = element.type === COMPRESSED ? await unpacked(element, fail) : element;
    if (whole.type !== MATRIX) continue;
    const array = matrix(whole, fail);
    if (array) arrays.set(array.name, array);
  }
  return arrays;
}

type Fail = (offset: number, expected: string, found: string, truncated?: boolean) => never;

/** The elements from `start` on, each at a multiple of 8 bytes unless it is compressed. */
function* elements(bytes: Uint8Array, start: number, shift: number, fail: Fail): Generator<Element> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (at < bytes.length) {
    const offset = shift + at;
    const short = at + 8 > bytes.length;
    if (short) fail(shift + bytes.length, 'the 8 bytes of a tag', 'the end of the file', true);
    const [first, second] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    // Up to 4 bytes fit into the tag itself: the size stands in the upper half of its first word.
    const small = first >>> 16;
    const [type, size, from] = small > 0 ? [first & 0xffff, small, at + 4] : [first, second, at + 8];
    const end = from + size;
    if (end > bytes.length) {
      fail(
        shift + bytes.length,
        `${end - bytes.length} more bytes of the element at ${offset}`,
        'the end of the file',
        true,
      );
    }
    yield { type, data: bytes.subarray(from, end), offset };
    at = small > 0 ? at + 8 : type === COMPRESSED ? end : start + 8 * Math.ceil((end - start) / 8);
  }
}

async function unpacked({ data, offset }: Element, fail: Fail): Promise<Element> {
  const bytes = await inflate(data).catch((error: Error) => fail(offset, 'zlib data', `damage (${error.message})`));
  const [inner] = elements(bytes, 0, offset, fail);
  return { ...(inner ?? fail(offset, 'an element in the compressed data', 'nothing')), offset };
}

/** Array flags, dimensions, name, real part. Undefined for what is not a full array of real numbers. */
function matrix({ data, offset }: Element, fail: Fail): MatArray | undefined {
  const [flags, dimensions, name, real] = elements(data, 0, offset, fail);
  if (!flags || !dimensions || !name) return fail(offset, 'flags, dimensions and a name of an array', 'less');
  const kind = flags.data[0]!;
  if (kind < NUMERIC_CLASSES.first || kind > NUMERIC_CLASSES.last || !real) return undefined;
  const dims = [...numbers(dimensions, fail)];
  const sound = dims.every((length) => Number.isSafeInteger(length) && length >= 0);
  if (!sound) return fail(dimensions.offset, 'dimensions as whole numbers from 0', 'other numbers');
  const values = real.type === UINT8 ? real.data : numbers(real, fail);
  const size = dims.reduce((product, length) => product * length, 1);
  const text = new TextDecoder().decode(name.data);
  if (values.length !== size) fail(offset, `${size} values of '${text}' [${dims.join(', ')}]`, `${values.length}`);
  return { name: text, dims, data: values };
}

function numbers({ type, data, offset }: Element, fail: Fail): Float64Array {
  const number = NUMBERS[type] ?? fail(offset, 'a numeric element', `one of type ${type}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Float64Array.from({ length: data.length / number.bytes }, (_, i) => number.get(view, i * number.bytes));
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, '?');
}
