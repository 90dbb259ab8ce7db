import type { StateArray } from '../engine/engine.js';

/** Named arrays and a few strings, in one file. */
export interface Tensors {
  readonly arrays: Readonly<Record<string, StateArray>>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}

const ARRAYS: Readonly<Record<string, Float32ArrayConstructor | Int32ArrayConstructor>> = {
  F32: Float32Array,
  I32: Int32Array,
};

/** The same in the safetensors format: the header's length (8 bytes, little-endian), a JSON header, then the data. */
export function encodeSafetensors({ arrays, metadata }: Tensors): Uint8Array[] {
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
  const json = Buffer.from(JSON.stringify(header));
  // Spaces after the header, so that the data start at a multiple of 8.
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...parts];
}

/** @throws SyntaxError saying what is wrong with the bytes */
export function decodeSafetensors(bytes: Uint8Array): Tensors {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 8) throw new SyntaxError('it is shorter than the length of its header');
  const start = 8 + Number(buffer.readBigUInt64LE());
  if (start > buffer.length) throw new SyntaxError('it ends within its header');
  const header = JSON.parse(buffer.toString('utf8', 8, start)) as Record<string, Entry>;
  const arrays: Record<string, StateArray> = {};
  let end = start;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const [from, to] = entry.data_offsets;
    const size = entry.shape.reduce((product, length) => product * length, 4);
    const ArrayOf = ARRAYS[entry.dtype];
    if (ArrayOf === undefined || to - from !== size) throw new SyntaxError(`'${name}' is no float32 or int32 array`);
    if (start + to > buffer.length) throw new SyntaxError(`it ends within '${name}'`);
    // A copy, so that the array is aligned whatever the header's length.
    const data = new ArrayOf(size / 4);
    new Uint8Array(data.buffer).set(buffer.subarray(start + from, start + to));
    arrays[name] = { shape: entry.shape, data };
    end = Math.max(end, start + to);
  }
  if (end !== buffer.length) throw new SyntaxError(`${buffer.length - end} bytes follow its last array`);
  const metadata = (header.__metadata__ ?? {}) as unknown as Readonly<Record<string, string>>;
  return { arrays, metadata };
}
