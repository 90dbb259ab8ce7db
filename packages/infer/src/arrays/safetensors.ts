import { InputError } from '../errors.js';
import type { StateArray } from './state.js';
import { sizeOf } from './tensor.js';

/** Named arrays and a few strings, in one file. */
export interface NamedArrays {
  readonly arrays: Readonly<Record<string, StateArray>>;
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
  const header: [string, Entry | Readonly<Record<string, string>>][] = [['__metadata__', metadata]];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(arrays)) {
    const dtype = data instanceof Float32Array ? 'F32' : 'I32';
    header.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces after the header, so that the data start at a multiple of 8.
  const padded = new Uint8Array(Math.ceil(json.length / LENGTH_SIZE) * LENGTH_SIZE).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(LENGTH_SIZE);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...parts];
}

/** @throws InputError (`bad-input`) saying what is wrong with the bytes */
export function decodeSafetensors(bytes: Uint8Array): NamedArrays {
  if (bytes.length < LENGTH_SIZE) throw new InputError('it is shorter than the length of its header');
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const start = LENGTH_SIZE + Number(length);
  if (start > bytes.length) throw new InputError('it ends within its header');
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(LENGTH_SIZE, start));
  if (!isTexts(metadata)) throw new InputError('its metadata are not texts');
  const arrays: [string, StateArray][] = [];
  let end = start;
  for (const [name, entry] of Object.entries(entries)) {
    if (!isArrayEntry(entry)) throw new InputError(`'${name}' is no float32 or int32 array`);
    const { dtype, shape, data_offsets } = entry;
    const [from, to] = data_offsets;
    if (start + to > bytes.length) throw new InputError(`it ends within '${name}'`);
    // A copy, so that the array is aligned whatever the header's length.
    const data = new ARRAYS[dtype]!(sizeOf(shape));
    new Uint8Array(data.buffer).set(bytes.subarray(start + from, start + to));
    arrays.push([name, { shape, data }]);
    end = Math.max(end, start + to);
  }
  if (end !== bytes.length) throw new InputError(`${bytes.length - end} bytes follow its last array`);
  // From entries, so that '__proto__' is a name like others.
  return { arrays: Object.fromEntries(arrays), metadata };
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new InputError('its header is not JSON', {}, { cause: error });
  }
  if (isObject(header)) return header;
  throw new InputError('its header is no JSON object');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

/** Whether a header's entry is an array of a type that is read, with as many bytes as its shape has. */
function isArrayEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) return false;
  const known = typeof dtype === 'string' && Object.hasOwn(ARRAYS, dtype);
  return known && offsets[1]! - offsets[0]! === sizeOf(shape) * ELEMENT_SIZE;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
