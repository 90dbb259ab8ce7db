import { MeanAndError } from '@onnx-forge/infer';
import { expect } from 'chai';

const over = (values: readonly number[]): MeanAndError => {
  const all = new MeanAndError();
  for (const value of values) all.add(value);
  return all;
};

describe('infer: mean and error', () => {
  it('are those of the formulas', () => {
    const { mean, standardError } = over([1, 2, 4]);
    expect(mean).to.be.closeTo(7 / 3, 1e-15);
    expect(standardError).to.be.closeTo(Math.sqrt(7 / 9), 1e-15);
  });

  it('are -Infinity and not known with an image that has no probability, wherever it comes', () => {
    for (const values of [
      [Number.NEGATIVE_INFINITY, -90, -91],
      [-90, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ]) {
      expect(over(values).mean).to.equal(Number.NEGATIVE_INFINITY);
      expect(over(values).standardError).to.be.NaN;
    }
  });

  it('are not known of a number that is not', () => {
    expect(over([1, Number.NaN, 2]).mean).to.be.NaN;
    expect(over([]).mean).to.be.NaN;
  });
});
