import type { Float32Tensor } from '@onnx-forge/infer';

/** [n, size] as n lists. */
export function rowsOf({ data, dims }: Float32Tensor): number[][] {
  const [count, size] = [dims[0]!, data.length / dims[0]!];
  return Array.from({ length: count }, (_, i) => [...data.subarray(i * size, (i + 1) * size)]);
}
