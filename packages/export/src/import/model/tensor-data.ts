import onnxProto, { type onnx } from 'onnx-proto';
import { OnnxImportError } from './errors.js';
import type { ElementType, TensorType } from './known.js';
import type { Initializer } from './structure.js';

const { DataType } = onnxProto.onnx.TensorProto;

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** How numbers of a type lie in a file. */
interface Layout {
  readonly tfjs: TensorType;
  /** Bytes of one in raw data. */
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
  /** The field that holds them when they are not raw. */
  readonly field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data';
  /** For fields that hold bit patterns. */
  readonly ofBits?: (bits: number) => number;
}

const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [DataType.FLOAT, { tfjs: 'float32', bytes: 4, read: (v, i) => v.getFloat32(i, true), field: 'floatData' }],
  [DataType.DOUBLE, { tfjs: 'float32', bytes: 8, read: (v, i) => v.getFloat64(i, true), field: 'doubleData' }],
  [
    DataType.FLOAT16,
    { tfjs: 'float32', bytes: 2, read: (v, i) => ofHalf(v.getUint16(i, true)), field: 'int32Data', ofBits: ofHalf },
  ],
  // BFLOAT16, newer than onnx-proto's list.
  [
    16,
    { tfjs: 'float32', bytes: 2, read: (v, i) => ofBrain(v.getUint16(i, true)), field: 'int32Data', ofBits: ofBrain },
  ],
  [DataType.INT64, { tfjs: 'int32', bytes: 8, read: (v, i) => Number(v.getBigInt64(i, true)), field: 'int64Data' }],
  [DataType.INT32, { tfjs: 'int32', bytes: 4, read: (v, i) => v.getInt32(i, true), field: 'int32Data' }],
  [DataType.INT16, { tfjs: 'int32', bytes: 2, read: (v, i) => v.getInt16(i, true), field: 'int32Data' }],
  [DataType.INT8, { tfjs: 'int32', bytes: 1, read: (v, i) => v.getInt8(i), field: 'int32Data' }],
  [DataType.UINT8, { tfjs: 'int32', bytes: 1, read: (v, i) => v.getUint8(i), field: 'int32Data' }],
  [DataType.UINT16, { tfjs: 'int32', bytes: 2, read: (v, i) => v.getUint16(i, true), field: 'int32Data' }],
  [DataType.UINT32, { tfjs: 'int32', bytes: 4, read: (v, i) => v.getUint32(i, true), field: 'uint64Data' }],
  [DataType.UINT64, { tfjs: 'int32', bytes: 8, read: (v, i) => Number(v.getBigUint64(i, true)), field: 'uint64Data' }],
  [DataType.BOOL, { tfjs: 'bool', bytes: 1, read: (v, i) => (v.getUint8(i) ? 1 : 0), field: 'int32Data' }],
]);

/** IEEE 754 half precision: 5 bits of exponent, 10 of fraction. */
function ofHalf(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** bfloat16: the upper half of a float32. */
function ofBrain(bits: number): number {
  return new Float32Array(Uint32Array.of((bits & 0xffff) << 16).buffer)[0]!;
}

/** Bytes of files beside the model's, by the names that its weights locate them by. */
export type ExternalBytes = (location: string) => Uint8Array | undefined;

/** @throws OnnxImportError for types that tfjs has not: texts, complex numbers, 4 and 8-bit floats */
export function elementType(code: number | null | undefined, what: string): ElementType {
  const layout = LAYOUTS.get(code ?? 0);
  const name = code === 16 ? 'BFLOAT16' : (DataType[code ?? 0] ?? `type ${code}`);
  if (!layout) throw new OnnxImportError(`${what} is of ${name}, which tfjs has not`, { type: name });
  return { name, tfjs: layout.tfjs };
}

/** A weight or constant; its size is compared with its bytes at once, its numbers are read when asked for. */
export function readTensor(tensor: onnx.ITensorProto, name: string, external: ExternalBytes): Initializer {
  const what = `tensor '${name}'`;
  const type = elementType(tensor.dataType, what);
  const layout = LAYOUTS.get(tensor.dataType!)!;
  const shape = (tensor.dims ?? []).map(Number);
  const size = shape.reduce((product, n) => product * n, 1);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || !Number.isSafeInteger(size)) {
    throw new OnnxImportError(`${what} has an impossible shape, [${shape}]`);
  }
  if (tensor.segment) throw new OnnxImportError(`${what} is stored in segments, which nothing writes`);
  const raw = rawBytes(tensor, what, external);
  const listed = raw ? undefined : (tensor[layout.field] ?? []);
  const held = raw ? raw.length / layout.bytes : listed!.length;
  if (held !== size) {
    throw new OnnxImportError(
      `${what} holds ${held} numbers, but its shape [${shape}] has ${size}: the file is damaged`,
    );
  }
  return { name, type, shape, data: () => (raw ? fromRaw(raw, size, layout) : fromList(listed!, size, layout)) };
}

const isExternal = ({ dataLocation }: onnx.ITensorProto): boolean =>
  dataLocation === onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;

/** The file that a tensor's numbers lie in; none for those in the model's own. */
export function locationOf(tensor: onnx.ITensorProto): string[] {
  if (!isExternal(tensor)) return [];
  return (tensor.externalData ?? []).flatMap(({ key, value }) => (key === 'location' && value ? [value] : []));
}

function rawBytes(tensor: onnx.ITensorProto, what: string, external: ExternalBytes): Uint8Array | undefined {
  if (isExternal(tensor)) {
    const about = new Map((tensor.externalData ?? []).map(({ key, value }) => [key, value ?? '']));
    const location = about.get('location') ?? '';
    const file = external(location);
    if (!file) throw new OnnxImportError(`${what} lies in the file '${location}', which is not beside the model`);
    const offset = Number(about.get('offset') ?? 0);
    const length = Number(about.get('length') ?? file.length - offset);
    if (!(offset >= 0 && length >= 0 && offset + length <= file.length)) {
      throw new OnnxImportError(`${what} lies outside of '${location}', which has ${file.length} bytes`);
    }
    return file.subarray(offset, offset + length);
  }
  // protobufjs has an empty array in place of a field that is not there.
  return Object.hasOwn(tensor, 'rawData') && tensor.rawData ? tensor.rawData : undefined;
}

function fromRaw(raw: Uint8Array, size: number, { tfjs, bytes, read }: Layout): Numbers {
  const numbers = arrayOf(tfjs, bytes, size);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let i = 0; i < size; i++) numbers[i] = read(view, i * bytes);
  return numbers;
}

function fromList(list: ArrayLike<unknown>, size: number, { tfjs, bytes, ofBits = (n) => n }: Layout): Numbers {
  const numbers = arrayOf(tfjs, bytes, size);
  for (let i = 0; i < size; i++) numbers[i] = ofBits(Number(list[i]));
  return numbers;
}

/** Whole numbers of 8 bytes keep their values in a double: `INT64_MAX` stands for "to the end". */
function arrayOf(type: TensorType, bytes: number, size: number): Numbers {
  if (type === 'float32') return new Float32Array(size);
  if (type === 'bool') return new Uint8Array(size);
  return bytes >= 4 ? new Float64Array(size) : new Int32Array(size);
}
