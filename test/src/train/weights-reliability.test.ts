import { expect } from 'chai';
import { weightsReliability } from '../../../packages/train/dist/kinds/latent/measures/weights-reliability.js';

const of = (ks: readonly number[], samples = 1000) =>
  Object.fromEntries(
    weightsReliability(Float64Array.from(ks), { split: 'test', examples: ks.length, samples }).map(
      ({ name, value }) => [name, value],
    ),
  );

describe('reliability of importance weights', () => {
  it('has the median of k-hat, of an even number of images the mean of the middle two', () => {
    expect(of([0.2, 0.9]).paretoK).to.be.closeTo(0.55, 1e-15);
    expect(of([0.9, 0.1, 0.3]).paretoK).to.equal(0.3);
  });

  it('counts what lies above min(1 - 1 / log10 K, 0.7), and NaN', () => {
    expect(of([0.6, 0.68, Number.NaN, 0.71]).unreliableWeights).to.equal(0.75);
    expect(of([0.6, 0.68, 0.69, 0.71], 5000).unreliableWeights).to.equal(0.25);
  });

  it('has no median where most images have no tail to fit', () => {
    expect(of([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY], 10)).to.deep.equal({ unreliableWeights: 1 });
  });
});
