import { InputError, Random } from '@onnx-forge/infer';
import { expect } from 'chai';

/** Standard normal cdf, to 1e-7 (Abramowitz and Stegun 26.2.17). */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const upper = (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return x > 0 ? 1 - upper : upper;
}

/** Kolmogorov-Smirnov statistic times sqrt(n): above 1.95 with probability 0.001. */
function kolmogorovSmirnov(values: Float32Array, cdf: (x: number) => number): number {
  const sorted = values.slice().sort();
  let worst = 0;
  sorted.forEach((value, i) => {
    const p = cdf(value);
    worst = Math.max(worst, Math.abs(p - i / sorted.length), Math.abs(p - (i + 1) / sorted.length));
  });
  return worst * Math.sqrt(sorted.length);
}

function moment(values: Float32Array, power: number): number {
  let sum = 0;
  for (const value of values) sum += value ** power;
  return sum / values.length;
}

describe('infer: Random', () => {
  const normals = new Random(2024).fillNormal(new Float32Array(1_000_000));

  it('follows xoshiro128** (the reference implementation by Blackman and Vigna, state 1, 2, 3, 4)', () => {
    const random = Random.fromState({ algorithm: 'xoshiro128**', words: [1, 2, 3, 4, 1, 2, 3, 4] });
    expect(Array.from({ length: 10 }, () => random.uint32())).to.deep.equal([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('gives these numbers for seed 1, on every platform and in every version', () => {
    const random = new Random(1);
    expect([random.uint32(), random.uint32(), random.normal(), random.uniform()]).to.deep.equal([
      3957380609, 916296879, 0.8340363520839363, 0.3942884452776795,
    ]);
  });

  it('draws normals with the moments of N(0, 1), within 4.5 standard errors', () => {
    const n = normals.length;
    const moments = [0, 1, 0, 3, 0, 15];
    const variances = [1, 2, 15, 96, 945, 10170];
    moments.forEach((expected, index) => {
      const error = Math.sqrt(variances[index]! / n);
      expect(moment(normals, index + 1), `moment ${index + 1}`).to.be.closeTo(expected, 4.5 * error);
    });
  });

  it('draws normals that pass a Kolmogorov-Smirnov test against the normal cdf', () => {
    expect(kolmogorovSmirnov(normals, normalCdf)).to.be.lessThan(1.95);
  });

  it('has the tails of the normal, beyond the ziggurat (3.65) too', () => {
    for (const edge of [1, 2, 3, 3.6541528853610088, 4]) {
      const expected = (1 - normalCdf(edge)) * normals.length;
      for (const sign of [-1, 1]) {
        let found = 0;
        for (const value of normals) if (value * sign > edge) found++;
        expect(found, `beyond ${sign * edge}`).to.be.closeTo(expected, 4.5 * Math.sqrt(expected));
      }
    }
  });

  it('does not correlate neighbours', () => {
    let sum = 0;
    for (let i = 1; i < normals.length; i++) sum += normals[i]! * normals[i - 1]!;
    expect(sum / normals.length).to.be.closeTo(0, 4.5 / Math.sqrt(normals.length));
  });

  it('fills arrays with the numbers that single calls give', () => {
    const [one, other] = [new Random(7), new Random(7)];
    const filled = one.fillNormal(new Float32Array(5000));
    expect(filled).to.deep.equal(Float32Array.from({ length: 5000 }, () => other.normal()));
    expect(one.state()).to.deep.equal(other.state());
  });

  it('draws uniform numbers within the bounds, evenly', () => {
    const values = new Random(3).fillUniform(new Float32Array(200_000), -1, 1);
    expect(Math.min(...values.subarray(0, 1000))).to.be.at.least(-1);
    expect(kolmogorovSmirnov(values, (x) => (x + 1) / 2)).to.be.lessThan(1.95);
    const random = new Random(4);
    const doubles = Float32Array.from({ length: 100_000 }, () => random.uniform());
    expect(kolmogorovSmirnov(doubles, (x) => x)).to.be.lessThan(1.95);
  });

  it('draws whole numbers without bias', () => {
    const random = new Random(5);
    const counts = new Array<number>(6).fill(0);
    for (let i = 0; i < 60_000; i++) counts[random.integer(6)]!++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).to.be.lessThan(20.5); // p = 0.001 with 5 degrees of freedom
    expect(random.integer(1)).to.equal(0);
    expect(() => random.integer(0)).to.throw(InputError, /from 1 to 2\^32, not 0/);
  });

  it('permutes: every index once, every order equally often', () => {
    const random = new Random(6);
    expect([...random.permutation(1000)].sort((a, b) => a - b)).to.deep.equal([...Array(1000).keys()]);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = random.permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).to.equal(24);
    const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
    expect(chiSquared).to.be.lessThan(49.7); // p = 0.001 with 23 degrees of freedom
    expect(random.permutation(0)).to.have.length(0);
  });

  it('goes on exactly where its state was taken, after a trip through JSON', () => {
    const random = new Random(-8);
    random.fillNormal(new Float32Array(12_345));
    const copy = Random.fromState(JSON.parse(JSON.stringify(random.state())));
    expect(copy.fillNormal(new Float32Array(1000))).to.deep.equal(random.fillNormal(new Float32Array(1000)));
    expect(copy.fork('a').uint32()).to.equal(random.fork('a').uint32());
  });

  it('forks streams that depend on seed and label only', () => {
    const random = new Random(9);
    const before = random.fork('shuffle').fillNormal(new Float32Array(100));
    random.uint32();
    expect(random.fork('shuffle').fillNormal(new Float32Array(100))).to.deep.equal(before);
    expect(random.fork('noise').uint32()).to.not.equal(random.fork('shuffle').uint32());
    expect(new Random(10).fork('shuffle').uint32()).to.not.equal(new Random(9).fork('shuffle').uint32());
    expect(random.fork('a').fork('b').uint32()).to.not.equal(random.fork('b').fork('a').uint32());
  });

  it('forks streams that are independent of each other and of their origin', () => {
    const n = 100_000;
    const origin = new Random(11);
    const streams = [origin.fork('0'), origin.fork('1'), new Random(12), new Random(11 + 2 ** 32), origin];
    const drawn = streams.map((stream) => stream.fillNormal(new Float32Array(n)));
    for (let a = 0; a < drawn.length; a++) {
      for (let b = 0; b < a; b++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += drawn[a]![i]! * drawn[b]![i]!;
        expect(sum / n, `streams ${a} and ${b}`).to.be.closeTo(0, 4.5 / Math.sqrt(n));
      }
    }
  });

  it('refuses seeds and states that are none', () => {
    for (const seed of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expect(() => new Random(seed)).to.throw(InputError, /seed must be a whole number/);
    }
    const { words } = new Random(1).state();
    for (const bad of [[], words.slice(1), [0, 0, 0, 0, ...words.slice(4)], words.map((word) => word + 0.5)]) {
      expect(() => Random.fromState({ algorithm: 'xoshiro128**', words: bad })).to.throw(InputError, /not the state/);
    }
  });
});
