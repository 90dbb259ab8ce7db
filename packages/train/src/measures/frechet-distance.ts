import { InputError } from '@onnx-forge/infer';
import { symmetricEigen } from './symmetric-eigen.js';

/** Mean and covariance (divided by count - 1) of feature vectors, in float64. */
export interface FeatureStatistics {
  readonly count: number;
  readonly mean: Float64Array;
  /** [dim, dim], row by row. */
  readonly covariance: Float64Array;
}

/**
 * @param features [count, dim], row by row
 * @throws InputError for fewer than two vectors, which have no covariance
 */
export function featureStatistics(features: ArrayLike<number>, dim: number): FeatureStatistics {
  const count = features.length / dim;
  if (!Number.isInteger(count) || count < 2) {
    throw new InputError(
      `a covariance needs two or more feature vectors of ${dim} numbers, not ${features.length} numbers`,
    );
  }
  const mean = new Float64Array(dim);
  for (let at = 0; at < features.length; at++) mean[at % dim]! += features[at]! / count;
  const covariance = new Float64Array(dim * dim);
  const centred = new Float64Array(dim);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < dim; i++) centred[i] = features[row * dim + i]! - mean[i]!;
    for (let i = 0; i < dim; i++) {
      const scale = centred[i]! / (count - 1);
      // A feature that is often zero is common after a ReLU; its mean is not zero, so that only dead ones are skipped.
      if (scale === 0) continue;
      for (let j = i; j < dim; j++) covariance[i * dim + j]! += scale * centred[j]!;
    }
  }
  for (let i = 0; i < dim; i++) for (let j = 0; j < i; j++) covariance[i * dim + j] = covariance[j * dim + i]!;
  return { count, mean, covariance };
}

/**
 * Fréchet distance between the Gaussians with these means and covariances (Dowson & Landau 1982; Heusel et al. 2017):
 * |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)). The trace of the root is taken from the symmetric matrix
 * C_a^(1/2) C_b C_a^(1/2), which has the same eigenvalues; it also holds for covariances that are not of full rank.
 */
export function frechetDistance(a: FeatureStatistics, b: FeatureStatistics): number {
  const dim = a.mean.length;
  if (b.mean.length !== dim) {
    throw new InputError(`feature vectors of ${dim} and of ${b.mean.length} numbers can't be compared`);
  }
  let distance = 0;
  for (let i = 0; i < dim; i++) {
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[i * dim + i]! + b.covariance[i * dim + i]!;
  }
  const root = squareRoot(a.covariance, dim);
  const { values } = symmetricEigen(product(product(root, b.covariance, dim), root, dim), dim);
  for (const value of values) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance);
}

/** The symmetric root of a positive semidefinite matrix; eigenvalues below zero are rounding errors. */
export function squareRoot(matrix: Float64Array, dim: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, dim);
  const scaled = vectors.map((value, at) => value * Math.sqrt(Math.max(0, values[at % dim]!)));
  return product(scaled, transposed(vectors, dim), dim);
}

function product(a: Float64Array, b: Float64Array, dim: number): Float64Array {
  const out = new Float64Array(dim * dim);
  for (let i = 0; i < dim; i++) {
    for (let k = 0; k < dim; k++) {
      const scale = a[i * dim + k]!;
      for (let j = 0; j < dim; j++) out[i * dim + j]! += scale * b[k * dim + j]!;
    }
  }
  return out;
}

function transposed(a: Float64Array, dim: number): Float64Array {
  return a.map((_, at) => a[(at % dim) * dim + Math.floor(at / dim)]!);
}
