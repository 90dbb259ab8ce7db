import { readFile } from 'node:fs/promises';
import { sizeOf } from '@onnx-forge/infer';

/** An array that import_nets.py or import_node_tests.py wrote. */
export interface StoredArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether they are whole numbers. */
  readonly whole: boolean;
  readonly numbers: Float64Array;
}

/** Arrays by their role: inputs, outputs, factors, gradients. */
export type StoredArrays = Readonly<Record<string, readonly StoredArray[]>>;

/** Reads `STEM.json`, which says where the arrays lie in `STEM.bin`. */
export async function readArrays(stem: string): Promise<StoredArrays> {
  const index = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as Record<
    string,
    { name: string; shape: number[]; whole: boolean; offset: number }[]
  >;
  const bytes = await readFile(`${stem}.bin`);
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const read = Object.entries(index).map(([role, entries]) => [
    role,
    entries.map(({ offset, ...rest }) => ({ ...rest, numbers: all.subarray(offset, offset + sizeOf(rest.shape)) })),
  ]);
  return Object.fromEntries(read) as StoredArrays;
}

/** The largest difference, by the size of the largest expected number or 1; NaN agrees with NaN alone. */
export function errorOf(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [error, scale] = [0, 1];
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Number.isFinite(e)) scale = Math.max(scale, Math.abs(e));
    if (a === e || (Number.isNaN(a) && Number.isNaN(e))) continue;
    error = Math.max(error, Number.isFinite(a - e) ? Math.abs(a - e) : Number.POSITIVE_INFINITY);
  }
  return error / scale;
}
