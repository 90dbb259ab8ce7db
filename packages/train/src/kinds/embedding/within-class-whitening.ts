import { type Float32Tensor, InputError } from '@onnx-forge/infer';

/** An affine map of row vectors: x -> x kernel + bias. */
export interface AffineMap {
  /** [size, size], row by row. */
  readonly kernel: Float64Array;
  /** [size] */
  readonly bias: Float64Array;
}

/**
 * Within-class covariance normalisation (Hatch, Kajarekar & Stolcke 2006): the map after which vectors of one class differ
 * equally much in every direction, and the mean vector is 0. Directions in which a class differs from itself count less
 * from then on. With S = (1 - shrinkage) W + shrinkage tr(W) / size I, W the covariance of vectors within their classes
 * (pooled, unbiased), and S = L L^T by Cholesky: x -> (x - mean) L^-T, so that Euclidean distances become Mahalanobis ones
 * of S. Other roots of S^-1 differ by a rotation, which no distance and no cosine sees. Computed in float64.
 *
 * @param vectors [n, size]
 * @param labels [n]: the class of each
 * @param shrinkage in [0, 1]: fewer vectors than numbers in one leave W singular; the fraction of it that is made equal in all
 *   directions mends that (Ledoit & Wolf 2004)
 * @throws InputError where no class has two different vectors, or where S is singular
 */
export function withinClassWhitening(
  { data, dims }: Pick<Float32Tensor, 'data' | 'dims'>,
  labels: ArrayLike<number>,
  shrinkage: number,
): AffineMap {
  const [count, size] = dims as [number, number];
  const { residuals, classes } = withinClasses(data, labels, size);
  const covariance = new Float64Array(size * size);
  for (let row = 0; row < count; row++) addOuter(covariance, residuals.subarray(row * size, (row + 1) * size));
  const scale = 1 / Math.max(1, count - classes);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += covariance[i * size + i]! * scale;
  if (!(trace > 0)) throw new InputError('whitening needs a class with two different vectors', { count, classes });
  for (let i = 0; i < covariance.length; i++) covariance[i] = covariance[i]! * (1 - shrinkage) * scale;
  for (let i = 0; i < size; i++) covariance[i * size + i]! += (shrinkage * trace) / size;

  const inverse = lowerInverse(cholesky(covariance, size), size);
  const kernel = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) kernel[j * size + i] = inverse[i * size + j]!;
  const mean = columnMeans(data, size);
  const bias = new Float64Array(size);
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) bias[j]! -= mean[i]! * kernel[i * size + j]!;
  return { kernel, bias };
}

/** Vectors less the mean of their class, and the number of classes. */
function withinClasses(
  data: ArrayLike<number>,
  labels: ArrayLike<number>,
  size: number,
): { residuals: Float64Array; classes: number } {
  const members = new Map<number, number[]>();
  Array.from(labels).forEach((label, row) => {
    members.set(label, [...(members.get(label) ?? []), row]);
  });
  const residuals = Float64Array.from(data);
  for (const rows of members.values()) {
    for (let i = 0; i < size; i++) {
      const mean = rows.reduce((sum, row) => sum + residuals[row * size + i]!, 0) / rows.length;
      for (const row of rows) residuals[row * size + i]! -= mean;
    }
  }
  return { residuals, classes: members.size };
}

function columnMeans(data: ArrayLike<number>, size: number): Float64Array {
  const mean = new Float64Array(size);
  for (let at = 0; at < data.length; at++) mean[at % size]! += (data[at]! * size) / data.length;
  return mean;
}

/** Adds x x^T below and on the diagonal. */
function addOuter(matrix: Float64Array, x: Float64Array): void {
  const size = x.length;
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) matrix[i * size + j]! += x[i]! * x[j]!;
}

/** L of matrix = L L^T (Golub & Van Loan, section 4.2); only what is below and on the diagonal is read. */
function cholesky(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i > j) lower[i * size + j] = sum / lower[j * size + j]!;
      // A pivot that rounding alone could have made positive is none.
      else if (sum > 1e-12 * matrix[i * size + i]!) lower[i * size + i] = Math.sqrt(sum);
      else throw new InputError('the covariance within classes is singular: whiten with more shrinkage', { row: i });
    }
  }
  return lower;
}

/** L^-1, column by column. */
function lowerInverse(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    for (let i = column; i < size; i++) {
      let sum = i === column ? 1 : 0;
      for (let k = column; k < i; k++) sum -= lower[i * size + k]! * inverse[k * size + column]!;
      inverse[i * size + column] = sum / lower[i * size + i]!;
    }
  }
  return inverse;
}
