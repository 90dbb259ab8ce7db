import type { Float32Tensor } from './rows.js';

/** How two embeddings are compared: their distance ||a - b||_2, or 1 - cos(a, b). */
export type Metric = 'euclidean' | 'cosine';

/** A cosine's lengths are at least this, so that a vector of zeros is no division by zero: 1 - cos is 1 then. */
const EPSILON = 1e-8;

/** @deprecated Use `Float32Tensor`: vectors as its rows, [rows, dims[1]]. */
export type Vectors = Pick<Float32Tensor, 'data' | 'dims'>;

/** The rows of a {@link Float32Tensor}. */
type Rows = Pick<Float32Tensor, 'data' | 'dims'>;

/** How unlike two vectors of equal length are, summed in float64. */
export function dissimilarity(a: Float32Array, b: Float32Array, metric: Metric): number {
  if (metric === 'euclidean') {
    let squared = 0;
    for (let i = 0; i < a.length; i++) squared += (a[i]! - b[i]!) ** 2;
    return Math.sqrt(squared);
  }
  let [product, lengthA, lengthB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    lengthA += a[i]! ** 2;
    lengthB += b[i]! ** 2;
  }
  // Rounding may leave a little less than 0.
  return Math.max(0, 1 - product / Math.max(Math.sqrt(lengthA * lengthB), EPSILON));
}

/** {@link dissimilarity} of every row of `a` [rows, size] and the same row of `b`, [rows]. */
export function rowDissimilarity(a: Rows, b: Rows, metric: Metric): Float64Array {
  const size = a.dims[1]!;
  const row = ({ data }: Rows, index: number) => data.subarray(index * size, (index + 1) * size);
  return Float64Array.from({ length: a.dims[0]! }, (_, index) => dissimilarity(row(a, index), row(b, index), metric));
}
