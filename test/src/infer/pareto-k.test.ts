import { paretoK, paretoKThreshold, Random } from '@onnx-forge/infer';
import { expect } from 'chai';
import { generalisedParetoShape } from '../../../packages/infer/dist/methods/pareto-k.js';

/** (7919 i + 1 mod 10007 + 1/2) / 10007: all over (0, 1), in an order that any language can repeat. */
function spread(samples: number): number[] {
  return Array.from({ length: samples }, (_, i) => (((i * 7919 + 1) % 10007) + 0.5) / 10007);
}

/**
 * k-hat of ArviZ 0.23.4, with u = ((np.arange(S) * 7919 + 1) % 10007 + .5) / 10007:
 *
 *     from arviz.stats.stats import psislw
 *     psislw(-.2 * np.log(u))[1]
 */
const ARVIZ: readonly (readonly [string, number, (u: number) => number, number])[] = [
  ['-0.2 log u', 1000, (u) => -0.2 * Math.log(u), 0.28439205605814044],
  ['-0.9 log u', 1000, (u) => -0.9 * Math.log(u), 0.9018472131397459],
  ['-1.4 log u', 5000, (u) => -1.4 * Math.log(u), 1.3874025384510495],
  [
    '3 sqrt(-2 log u) cos(40 u) - 90',
    200,
    (u) => 3 * Math.sqrt(-2 * Math.log(u)) * Math.cos(40 * u) - 90,
    1.3872615998207376,
  ],
  ['log u - 100', 5000, (u) => Math.log(u) - 100, -0.9107633291440129],
  ['-0.5 log u', 25, (u) => -0.5 * Math.log(u), 0.8929063852029352],
  ['-0.5 log u', 20, (u) => -0.5 * Math.log(u), Number.POSITIVE_INFINITY],
  ['-100 log u', 200, (u) => -100 * Math.log(u), 66.80306760684111],
];

describe('infer: Pareto k-hat', () => {
  for (const [name, samples, logWeight, expected] of ARVIZ) {
    it(`is ArviZ's for ${samples} log-weights ${name}`, () => {
      const k = paretoK(spread(samples).map(logWeight));
      if (expected === Number.POSITIVE_INFINITY) expect(k).to.equal(expected);
      else expect(k).to.be.closeTo(expected, 1e-10 * Math.abs(expected));
    });
  }

  it('does not depend on the order of the weights, nor on a factor of all', () => {
    const random = new Random(1);
    const logWeights = Array.from({ length: 300 }, () => 2 * random.normal());
    const k = paretoK(logWeights);
    for (const changed of [
      logWeights.toReversed(),
      logWeights.toSorted((a, b) => a - b),
      logWeights.map((w) => w - 700),
    ]) {
      expect(paretoK(changed)).to.be.closeTo(k, 1e-9);
    }
  });

  for (const seed of [1, 2, 3]) {
    it(`finds the shape of a generalised Pareto distribution, seed ${seed}`, () => {
      const random = new Random(seed);
      for (const shape of [-0.3, 0.2, 0.7, 1.2]) {
        const size = 20_000;
        const excesses = Array.from({ length: size }, () => ((1 - random.uniform()) ** -shape - 1) / shape);
        // Standard deviation of the maximum-likelihood shape: (1 + k) / sqrt(n).
        const error = Math.max(1 + shape, 0.5) / Math.sqrt(size);
        expect(generalisedParetoShape(excesses.sort((a, b) => a - b))).to.be.closeTo(shape, 5 * error);
      }
    });
  }

  it('is infinite where no tail can be fitted, and NaN where a weight is', () => {
    expect(paretoK(new Array(100).fill(-3))).to.equal(Number.POSITIVE_INFINITY);
    expect(paretoK(new Array(100).fill(Number.NEGATIVE_INFINITY))).to.equal(Number.POSITIVE_INFINITY);
    expect(paretoK([...spread(100), Number.NaN])).to.be.NaN;
    expect(paretoK([])).to.equal(Number.POSITIVE_INFINITY);
  });

  it('has the threshold min(1 - 1 / log10 S, 0.7)', () => {
    expect(paretoKThreshold(100)).to.equal(0.5);
    expect(paretoKThreshold(1000)).to.be.closeTo(2 / 3, 1e-12);
    expect(paretoKThreshold(5000)).to.equal(0.7);
  });
});
