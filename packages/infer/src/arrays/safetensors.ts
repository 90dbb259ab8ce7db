import type { StateEntry } from './state.js';
import { sizeOf } from './tensor.js';

/** Named arrays and a few strings, in one file. */
export interface NamedArrays {
  readonly arrays: Readonly<Record<string, StateEntry>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

/** Bytes that hold the header's length. */
const LENGTH_SIZE = 8;
const ELEMENT_SIZE = 4;

const ARRAYS: Readonly<Record<string, Float32ArrayConstructor | Int32ArrayConstructor>> = {
  F32: Float32Array,
  I32: Int32Array,
};

/** The same in the safetensors format: the header's length (8 bytes, little-endian), a JSON header, then the data. */
export function encodeSafetensors({ arrays, metadata }: NamedArrays): Uint8Array[] {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    header[name] = {
      dtype: data instanceof Float32Array ? 'F32' : 'I32',
      shape,
      data_offsets: [offset, offset + data.byteLength],
    };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  // Spaces after the header, so that the data start at a multiple of 8.
  const padded = new Uint8Array(Math.ceil(json.length / LENGTH_SIZE) * LENGTH_SIZE).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(LENGTH_SIZE);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...parts];
}

/** @throws SyntaxError saying what is wrong with the bytes */
export function decodeSafetensors(bytes: Uint8Array): NamedArrays {
  if (bytes.length < LENGTH_SIZE) throw new SyntaxError('it is shorter than the length of its header');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const start = LENGTH_SIZE + Number(length);
  if (start > bytes.length) throw new SyntaxError('it ends within its header');
  const text = new TextDecoder().decode(bytes.subarray(LENGTH_SIZE, start));
  const header = JSON.parse(text) as Record<string, Entry>;
  const arrays: Record<string, StateEntry> = {};
  let end = start;
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = data_offsets;
    const ArrayOf = ARRAYS[dtype];
    const size = sizeOf(shape);
    if (ArrayOf === undefined || to - from !== size * ELEMENT_SIZE) {
      throw new SyntaxError(`'${name}' is no float32 or int32 array`);
    }
    if (start + to > bytes.length) throw new SyntaxError(`it ends within '${name}'`);
    // A copy, so that the array is aligned whatever the header's length.
    const data = new ArrayOf(size);
    new Uint8Array(data.buffer).set(bytes.subarray(start + from, start + to));
    arrays[name] = { shape, data };
    end = Math.max(end, start + to);
  }
  if (end !== bytes.length) throw new SyntaxError(`${bytes.length - end} bytes follow its last array`);
  const metadata = (header.__metadata__ ?? {}) as unknown as Readonly<Record<string, string>>;
  return { arrays, metadata };
}
