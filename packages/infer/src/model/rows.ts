import type { Session } from '../device/types.js';
import type { Rows } from '../examples.js';
import { Breather } from '../pause.js';
import { float32, type Tensor } from '../tensor.js';

/** A float32 tensor. */
export type Float32Tensor = Tensor & { readonly data: Float32Array };

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** What long work takes from its caller. */
export interface WorkOptions {
  /** Stops the work between two calls of the graph, throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every part, counted in examples. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Rows of `size` elements from `start` up to (not including) `end`, as a tensor over the same memory. */
export function slice(data: Float32Array, size: number, start: number, end: number): Float32Tensor {
  return float32(data.subarray(start * size, end * size), [end - start, size]);
}

/** {@link slice} of several arrays by name. */
export function sliceAll(
  arrays: Readonly<Record<string, Rows>>,
  start: number,
  end: number,
): Record<string, Float32Tensor> {
  const parts = Object.entries(arrays).map(([name, { data, count }]) => {
    return [name, slice(data, data.length / count, start, end)] as const;
  });
  return Object.fromEntries(parts);
}

/**
 * Runs a row-wise graph over any number of rows, `rowsPerCall` at a time, so that its inner layers take a bounded amount
 * of memory. `beside` are further inputs with as many rows. Returns the outputs named, each as [rows, elements per row].
 */
export async function mapRows<Output extends string>(
  session: Session,
  input: string,
  rows: Rows,
  outputs: readonly Output[],
  rowsPerCall: number,
  beside: Readonly<Record<string, Rows>> = {},
): Promise<Record<Output, Float32Tensor>> {
  const size = rows.data.length / rows.count;
  const breather = new Breather();
  const whole: Partial<Record<Output, Float32Tensor>> = {};
  for (let start = 0; start < rows.count; start += rowsPerCall) {
    const end = Math.min(start + rowsPerCall, rows.count);
    const part = await session.run({ [input]: slice(rows.data, size, start, end), ...sliceAll(beside, start, end) });
    for (const name of outputs) {
      const data = part[name]!.data as Float32Array;
      const width = data.length / (end - start);
      whole[name] ??= float32(new Float32Array(rows.count * width), [rows.count, width]);
      whole[name].data.set(data, start * width);
    }
    await breather.breathe();
  }
  return whole as Record<Output, Float32Tensor>;
}

/** How many floats of the widest array a call of a graph should hold: on a CPU what its caches hold. */
const ELEMENTS_PER_CALL = { cpu: 400_000, wasm: 400_000, cuda: 16_000_000, webgpu: 8_000_000 } as const;

/** How many rows to run at once, when a row's widest known array has `width` elements. */
export function rowsPerCall(session: Session, width: number): number {
  return Math.max(1, Math.floor(ELEMENTS_PER_CALL[session.device] / width));
}
