import { InputError, Random } from '@onnx-forge/infer';
import { featureStatistics, frechetDistance, precisionRecall, symmetricEigen } from '@onnx-forge/train/measures';
import { expect } from 'chai';
import { reference } from '../../reference.js';

const gaussian = (seed: number, count: number, dim: number, mean = 0, deviation = 1): Float32Array =>
  new Random(seed).fillNormal(new Float32Array(count * dim)).map((value) => mean + deviation * value);

/** Statistics given, not estimated. */
const exact = (mean: number[], covariance: number[]) => ({
  count: Number.POSITIVE_INFINITY,
  mean: Float64Array.from(mean),
  covariance: Float64Array.from(covariance),
});

describe('evaluation: feature space', () => {
  describe('symmetricEigen', () => {
    it('has the eigenvalues of a 2 x 2 matrix', () => {
      const { values } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
      expect([...values].sort()).to.satisfy(
        ([low, high]: number[]) => Math.abs(low! - 1) + Math.abs(high! - 3) < 1e-14,
      );
    });

    it('gives the matrix back, with orthonormal vectors, also where eigenvalues are equal or zero', () => {
      const n = 40;
      const draws = gaussian(1, n, n);
      // A^T A of rank n / 2, plus a multiple of the identity in some directions.
      const matrix = new Float64Array(n * n);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++)
          for (let k = 0; k < n / 2; k++) matrix[i * n + j]! += draws[k * n + i]! * draws[k * n + j]!;
      const { values, vectors } = symmetricEigen(matrix, n);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < n; j++) {
          let [back, inner] = [0, 0];
          for (let k = 0; k < n; k++) {
            back += vectors[i * n + k]! * values[k]! * vectors[j * n + k]!;
            inner += vectors[k * n + i]! * vectors[k * n + j]!;
          }
          expect(back).to.be.closeTo(matrix[i * n + j]!, 1e-11);
          expect(inner).to.be.closeTo(i === j ? 1 : 0, 1e-12);
        }
      }
      expect([...values].filter((value) => Math.abs(value) < 1e-10)).to.have.length(n / 2);
    });
  });

  describe('frechetDistance', () => {
    it('agrees with the independent reference', () => {
      const { raw, output } = reference('frechetDistance');
      const [a, b] = [raw('a'), raw('b')] as number[][][];
      const dim = a![0]!.length;
      const distance = frechetDistance(featureStatistics(a!.flat(), dim), featureStatistics(b!.flat(), dim));
      expect(distance).to.be.closeTo(output('distance') as number, 1e-9 * (output('distance') as number));
    });

    it('is |m_a - m_b|^2 + sum (s_a - s_b)^2 for diagonal covariances, of any rank', () => {
      const a = exact([1, 2, 0], [4, 0, 0, 0, 9, 0, 0, 0, 0]);
      const b = exact([0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 25]);
      expect(frechetDistance(a, b)).to.be.closeTo(1 + 4 + (2 - 1) ** 2 + 3 ** 2 + 5 ** 2, 1e-12);
    });

    it('is that of the Gaussians for covariances that do not commute, and symmetric', () => {
      // 2 x 2: tr (AB)^(1/2) = sqrt(tr AB + 2 sqrt(det A det B)).
      const a = exact([0, 0], [2, 1, 1, 3]);
      const b = exact([0, 0], [1, -0.5, -0.5, 4]);
      const [trace, determinants] = [2 * 1 + 1 * -0.5 + 1 * -0.5 + 3 * 4, (2 * 3 - 1) * (1 * 4 - 0.25)];
      const closed = 5 + 5 - 2 * Math.sqrt(trace + 2 * Math.sqrt(determinants));
      expect(frechetDistance(a, b)).to.be.closeTo(closed, 1e-12);
      expect(frechetDistance(b, a)).to.be.closeTo(closed, 1e-12);
    });

    it('is 0 for a set and itself, and near dim * delta^2 for a shifted one', () => {
      const a = featureStatistics(gaussian(1, 4000, 8), 8);
      expect(frechetDistance(a, a)).to.be.closeTo(0, 1e-12);
      const b = featureStatistics(gaussian(2, 4000, 8, 0.5), 8);
      expect(frechetDistance(a, b)).to.be.closeTo(8 * 0.25, 0.15);
    });

    it('refuses a single vector and unequal lengths', () => {
      expect(() => featureStatistics([1, 2, 3], 3)).to.throw(InputError, 'two or more feature vectors');
      const [a, b] = [exact([0], [1]), exact([0, 0], [1, 0, 0, 1])];
      expect(() => frechetDistance(a, b)).to.throw(InputError, "can't be compared");
    });
  });

  describe('precisionRecall', () => {
    it('on a line by hand: balls to the nearest neighbour', () => {
      // Real 0, 1, 3: reaches 1, 1, 2. Generated 0.5 (within), 4.9 (within 2 of 3), 5.1 (outside), 10 (outside).
      const real = Float32Array.of(0, 1, 3);
      const generated = Float32Array.of(0.5, 4.9, 5.1, 10);
      // Reaches of the generated: 4.4, 0.2, 0.2, 4.9: 0, 1 and 3 lie within 4.4 of 0.5.
      expect(precisionRecall(real, generated, 1, 1)).to.deep.equal({ precision: 0.5, recall: 1 });
    });

    it('is high for two draws of one distribution; a mode that is missing costs recall, a foreign one precision', () => {
      const two = (seed: number, far: number) =>
        Float32Array.from([...gaussian(seed, 300, 4), ...gaussian(seed + 1, 300, 4, far)]);
      const real = two(1, 20);
      const same = precisionRecall(real, two(3, 20), 4);
      expect(Math.min(same.precision, same.recall)).to.be.greaterThan(0.8);
      const dropped = precisionRecall(real, gaussian(5, 600, 4), 4);
      expect(dropped.precision).to.be.greaterThan(0.8);
      expect(dropped.recall).to.be.within(0.3, 0.5);
      const foreign = precisionRecall(real, two(7, -20), 4);
      expect(foreign.precision).to.be.within(0.3, 0.5);
    });

    it('refuses sets that are smaller than the neighbourhood', () => {
      expect(() => precisionRecall(new Float32Array(6), new Float32Array(100), 2)).to.throw(InputError, 'more than 3');
    });
  });
});
