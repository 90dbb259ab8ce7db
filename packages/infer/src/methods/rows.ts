import type { Rows } from '../arrays/examples.js';
import { float32, type Tensor } from '../arrays/tensor.js';
import type { RunnableGraph } from '../device/types.js';
import { GraphError } from '../errors.js';
import type { Work } from './work.js';

/** A float32 tensor. */
export type Float32Tensor = Tensor & { readonly data: Float32Array };

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
 *
 * @throws GraphError when an output holds NaN: numbers so large that the graph's own overflow
 */
export async function mapRows<Output extends string>(
  work: Work,
  session: RunnableGraph,
  input: string,
  rows: Rows,
  outputs: readonly Output[],
  rowsPerCall: number,
  beside: Readonly<Record<string, Rows>> = {},
): Promise<Record<Output, Float32Tensor>> {
  const size = rows.data.length / rows.count;
  const whole: Partial<Record<Output, Float32Tensor>> = {};
  for (let start = 0; start < rows.count; start += rowsPerCall) {
    const end = Math.min(start + rowsPerCall, rows.count);
    const part = await work.run(session, {
      [input]: slice(rows.data, size, start, end),
      ...sliceAll(beside, start, end),
    });
    for (const name of outputs) {
      const data = part[name]!.data as Float32Array;
      const width = data.length / (end - start);
      checkNumbers(name, data, (at) => `row ${start + Math.floor(at / width)} of ${input}`);
      whole[name] ??= float32(new Float32Array(rows.count * width), [rows.count, width]);
      whole[name].data.set(data, start * width);
    }
  }
  return whole as Record<Output, Float32Tensor>;
}

/** Throws GraphError when a graph gave NaN; `source` names the example that the element comes from. */
export function checkNumbers(output: string, data: Float32Array | Float64Array, source: (at: number) => string): void {
  let at = 0;
  while (at < data.length && !Number.isNaN(data[at]!)) at++;
  if (at === data.length) return;
  const message = `${output} is NaN for ${source(at)}: its numbers are too large for the model's, or the weights are NaN`;
  throw new GraphError('graph-run', message, { output, at });
}

/** Floats that the widest array of one call of a graph should hold: on a CPU, about the size of its caches. */
const ELEMENTS_PER_CALL = { cpu: 400_000, wasm: 400_000, cuda: 16_000_000, webgpu: 8_000_000 } as const;

/** How many rows to run at once, when a row's widest known array has `width` elements. */
export function rowsPerCall(session: RunnableGraph, width: number): number {
  return Math.max(1, Math.floor(ELEMENTS_PER_CALL[session.device] / width));
}

/** Fewer images in a call leave a CPU's kernels little to do at a time: half as fast. */
const LEAST_IMAGES = 16;

/** How many images to run at once through a convolutional graph, whose first layer is the widest: some dozen channels. */
export function imagesPerCall(session: RunnableGraph, pixels: number): number {
  return Math.max(LEAST_IMAGES, rowsPerCall(session, 16 * pixels));
}
