import { InputError } from '@onnx-forge/infer';

export interface PrecisionRecall {
  /** Part of the generated vectors that lie among the real ones: how good samples are. */
  readonly precision: number;
  /** Part of the real vectors that lie among the generated ones: how much of the data samples cover. */
  readonly recall: number;
}

/**
 * Improved precision and recall (Kynkäänniemi et al. 2019, equations 1 and 2): a set's manifold is the union of balls
 * around its vectors, each reaching to its `neighbours`-th nearest neighbour within the set. Both depend on the sizes of
 * the sets: compare only numbers of equal counts.
 *
 * @param real [n, dim], row by row
 * @param generated [m, dim], row by row
 */
export function precisionRecall(
  real: Float32Array,
  generated: Float32Array,
  dim: number,
  neighbours = 3,
): PrecisionRecall {
  const smaller = Math.min(real.length, generated.length) / dim;
  if (smaller <= neighbours) {
    throw new InputError(`${neighbours} nearest neighbours need more than ${smaller} feature vectors in each set`);
  }
  return {
    precision: partWithin(real, reaches(real, dim, neighbours), generated, dim),
    recall: partWithin(generated, reaches(generated, dim, neighbours), real, dim),
  };
}

/** Squared distance from every vector to its k-th nearest neighbour, itself not counted. */
function reaches(vectors: Float32Array, dim: number, k: number): Float64Array {
  const count = vectors.length / dim;
  const nearest = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY); // ascending in each row
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const distance = squaredDistance(vectors, i * dim, vectors, j * dim, dim);
      insert(nearest, i * k, k, distance);
      insert(nearest, j * k, k, distance);
    }
  }
  return Float64Array.from({ length: count }, (_, i) => nearest[i * k + k - 1]!);
}

function insert(sorted: Float64Array, from: number, k: number, value: number): void {
  let at = from + k - 1;
  if (value >= sorted[at]!) return;
  for (; at > from && sorted[at - 1]! > value; at--) sorted[at] = sorted[at - 1]!;
  sorted[at] = value;
}

/** Part of `candidates` within the reach of at least one of `centres`. */
function partWithin(centres: Float32Array, reach: Float64Array, candidates: Float32Array, dim: number): number {
  const count = candidates.length / dim;
  let within = 0;
  for (let i = 0; i < count; i++) {
    if (reach.some((limit, j) => squaredDistance(candidates, i * dim, centres, j * dim, dim, limit) <= limit)) within++;
  }
  return within / count;
}

/** Given up, and then too large, once it exceeds `limit`. */
function squaredDistance(
  a: Float32Array,
  fromA: number,
  b: Float32Array,
  fromB: number,
  dim: number,
  limit = Number.POSITIVE_INFINITY,
): number {
  let sum = 0;
  for (let start = 0; start < dim; start += 16) {
    const end = Math.min(start + 16, dim);
    for (let i = start; i < end; i++) {
      const difference = a[fromA + i]! - b[fromB + i]!;
      sum += difference * difference;
    }
    if (sum > limit) return sum;
  }
  return sum;
}
