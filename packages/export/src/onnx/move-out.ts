import onnxProto, { type onnx } from 'onnx-proto';
import type { ExternalData, ExternalDataOptions } from './external.js';

/** Protobuf's limit, less room for nodes and names. */
const DEFAULT_LIMIT = 2 ** 31 - 2 ** 26;
/** Smaller initializers stay: shapes and axes, which runtimes want to see when they open the graph. */
const SMALLEST = 1024;
/** Runtimes map files into memory, page by page. */
const ALIGNMENT = 4096;
/** Bytes of one external file, unless a single weight has more. */
const FILE_SIZE = 2 ** 30;

interface Placed {
  readonly tensor: onnx.ITensorProto;
  readonly offset: number;
}

/** Moves the numbers of large initializers into files of their own if all have more bytes than the limit. */
export function moveOut(
  initializers: readonly onnx.ITensorProto[],
  { above = DEFAULT_LIMIT, name = 'model' }: ExternalDataOptions,
): ExternalData {
  const total = initializers.reduce((size, tensor) => size + sizeOf(tensor), 0);
  if (total <= above) return {};
  const large = initializers.filter((tensor) => sizeOf(tensor) >= SMALLEST);
  const files = distribute(large).map((placed, i) => {
    const location = i === 0 ? `${name}.data` : `${name}-${i}.data`;
    const file = join(placed);
    for (const { tensor, offset } of placed) leaveReference(tensor, location, offset);
    return [location, file] as const;
  });
  return Object.fromEntries(files);
}

function sizeOf({ rawData }: onnx.ITensorProto): number {
  return rawData?.length ?? 0;
}

function distribute(tensors: readonly onnx.ITensorProto[]): Placed[][] {
  const files: Placed[][] = [];
  let end = Number.POSITIVE_INFINITY;
  for (const tensor of tensors) {
    let offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    if (offset + sizeOf(tensor) > FILE_SIZE) {
      files.push([]);
      offset = 0;
    }
    files.at(-1)!.push({ tensor, offset });
    end = offset + sizeOf(tensor);
  }
  return files;
}

/** A file's bytes; those of a single weight are not copied. */
function join(placed: readonly Placed[]): Uint8Array {
  const { tensor: last, offset: begin } = placed.at(-1)!;
  if (placed.length === 1) return last.rawData!;
  const file = new Uint8Array(begin + sizeOf(last));
  for (const { tensor, offset } of placed) file.set(tensor.rawData!, offset);
  return file;
}

function leaveReference(tensor: onnx.ITensorProto, location: string, offset: number): void {
  const about = { location, offset, length: sizeOf(tensor) };
  tensor.externalData = Object.entries(about).map(([key, value]) => ({ key, value: String(value) }));
  tensor.dataLocation = onnxProto.onnx.TensorProto.DataLocation.EXTERNAL;
  tensor.rawData = null;
}
