import type { DataReader, Encoding, ParquetType } from 'hyparquet';
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js';
import { readVarInt } from 'hyparquet/src/thrift.js';

/** The type of a column, and its length where the type has none of its own. */
export interface ValueType {
  readonly type: ParquetType | undefined;
  readonly length: number | undefined;
}

/** Strings of a page may have this many bytes that they share with the string before them, and 16 for each byte of the page. */
const SHARED_BYTES = 2 ** 26;

const readerOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataReader => ({
  view: new DataView(buffer, byteOffset, byteLength),
  offset: 0,
});

/**
 * Walks through the runs of `count` numbers of `width` bits (the hybrid of run lengths and bit-packing, parquet-format's Encodings.md).
 * The library believes lengths of runs: a false one takes minutes.
 *
 * @param wanted count the numbers equal to this one
 * @returns how many are `wanted`
 * @throws Error unless the runs lie in the bytes and make up `count`
 */
export function requireRuns(bytes: Uint8Array, width: number, count: number, wanted?: number): number {
  const reader = readerOf(bytes);
  let [seen, equal] = [0, 0];
  while (seen < count) {
    const header = readVarInt(reader);
    const [left, begin] = [count - seen, reader.offset];
    const isPacked = (header & 1) === 1;
    const length = isPacked ? (header >> 1) * 8 : header >>> 1;
    // The last group of bit-packed numbers is filled up to eight; writers may leave out the bytes of what fills it up.
    const used = Math.min(length, left);
    const end = begin + (isPacked ? Math.ceil((used * width) / 8) : Math.ceil(width / 8));
    const fits = isPacked ? length > 0 && (width > 0 || length < left + 8) : length <= left;
    if (!fits || end > bytes.length) throw new Error(`a run of ${length} numbers where ${left} are left`);
    if (wanted !== undefined) {
      if (isPacked) for (let i = 0; i < used; i++) equal += Number(numberAt(bytes, begin, i * width, width) === wanted);
      else if (numberAt(bytes, begin, 0, width) === wanted) equal += length;
    }
    reader.offset = isPacked ? begin + (length * width) / 8 : end;
    seen += length;
  }
  return equal;
}

/** At most 24 bits: levels have few. */
function numberAt(bytes: Uint8Array, begin: number, bit: number, width: number): number {
  const at = begin + (bit >>> 3);
  const word = bytes[at]! | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return (word >>> (bit & 7)) & ((1 << width) - 1);
}

/**
 * Checks `count` values before the library makes room for them, or loops over them.
 *
 * @throws Error unless the bytes can hold them
 */
export function requireValues(bytes: Uint8Array, encoding: Encoding, count: number, value: ValueType): void {
  switch (encoding) {
    case 'PLAIN':
    case 'BYTE_STREAM_SPLIT':
      if (!(count * leastBytes(value) <= bytes.length))
        throw new Error(`a page of ${count} values, of which its ${bytes.length} bytes have no room`);
      return;
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      if (count > 0) requireIndices(bytes, count);
      return;
    case 'RLE':
      requireRuns(prefixed(bytes).content, 1, count);
      return;
    case 'DELTA_BINARY_PACKED':
      requireDelta(readerOf(bytes), count);
      return;
    case 'DELTA_LENGTH_BYTE_ARRAY':
      requireTexts(bytes, count, false);
      return;
    case 'DELTA_BYTE_ARRAY':
      requireTexts(bytes, count, true);
      return;
    default:
      // The library refuses it, or bounds it by the bytes itself.
      return;
  }
}

/** Bytes that begin with their length (4 bytes), and what comes after them. @throws Error they don't lie in the page */
export function prefixed(bytes: Uint8Array): { readonly content: Uint8Array; readonly rest: Uint8Array } {
  const length = readerOf(bytes).view.getUint32(0, true);
  if (length > bytes.length - 4) throw new Error(`${length} bytes of levels in ${bytes.length - 4}`);
  return { content: bytes.subarray(4, 4 + length), rest: bytes.subarray(4 + length) };
}

function requireIndices(bytes: Uint8Array, count: number): void {
  const width = bytes[0] ?? -1;
  if (!(width >= 0 && width <= 32)) throw new Error(`indices of ${width} bits`);
  if (width > 0) requireRuns(bytes.subarray(1), width, count);
}

function leastBytes({ type, length }: ValueType): number {
  switch (type) {
    case 'BOOLEAN':
      return 1 / 8;
    case 'INT32':
    case 'FLOAT':
    case 'BYTE_ARRAY':
      return 4;
    case 'INT64':
    case 'DOUBLE':
      return 8;
    case 'INT96':
      return 12;
    default:
      return length ?? 0;
  }
}

/** The head of delta-packed numbers; values without bits cost no bytes, so the head alone tells how long the library loops. */
function requireDelta(reader: DataReader, count: number): void {
  const { offset } = reader;
  const [block, parts, values] = [readVarInt(reader), readVarInt(reader), readVarInt(reader)];
  const fits = block > 0 && block <= 2 ** 20 && parts > 0 && block % parts === 0 && (block / parts) % 8 === 0;
  if (!fits || values !== count)
    throw new Error(`deltas of ${values} numbers, in blocks of ${block} in ${parts} parts`);
  reader.offset = offset;
}

function requireTexts(bytes: Uint8Array, count: number, shares: boolean): void {
  const reader = readerOf(bytes);
  const numbers = (): Int32Array => {
    requireDelta(reader, count);
    const result = new Int32Array(count);
    deltaBinaryUnpack(reader, count, result);
    return result;
  };
  const prefixes = shares ? numbers() : new Int32Array(count);
  const lengths = numbers();
  let [left, shared, before] = [bytes.length - reader.offset, 0, 0];
  for (let i = 0; i < count; i++) {
    const [prefix, length] = [prefixes[i]!, lengths[i]!];
    left -= length;
    shared += prefix;
    if (length < 0 || left < 0 || prefix < 0 || prefix > before)
      throw new Error(`a text of ${prefix} + ${length} bytes`);
    if (shared > SHARED_BYTES + 16 * bytes.length)
      throw new Error(`a page of ${bytes.length} bytes whose texts share more than ${shared}`);
    before = prefix + length;
  }
}
