import { dissimilarity, InputError, Random, type Vectors } from '@onnx-forge/infer';
import {
  allPairs,
  balancedPairs,
  bestThreshold,
  equalErrorRate,
  falseRejectAt,
  ofPairs,
  type Roc,
  rocCurve,
} from '@onnx-forge/train/measures';
import { expect } from 'chai';
import fc from 'fast-check';
import { expectClose, reference } from '../../reference.js';

/** Few different values, so that ties are common. */
const values = fc.array(
  fc.integer({ min: 0, max: 6 }).map((value) => value / 4),
  { minLength: 1, maxLength: 12 },
);

describe('ROC curve', () => {
  it('agrees with independent float64 values', () => {
    const { raw, output } = reference('rocAuc');
    const roc = rocCurve(raw('same') as number[], raw('different') as number[]);
    expectClose(roc.auc, output('auc'), 1e-12, 1e-12);
    expectClose(Array.from(roc.thresholds), output('thresholds'), 1e-12, 1e-12);
    expectClose(Array.from(roc.falseAccept), output('falseAccept'), 1e-12, 1e-12);
    expectClose(Array.from(roc.falseReject), output('falseReject'), 1e-12, 1e-12);
  });

  it('is what counting pairs of pairs gives, ties half, and accepts at the threshold itself', () => {
    fc.assert(
      fc.property(values, values, (same, different) => {
        const roc = rocCurve(same, different);
        let wins = 0;
        for (const s of same) for (const d of different) wins += d > s ? 1 : d === s ? 0.5 : 0;
        expect(roc.auc).to.be.closeTo(wins / (same.length * different.length), 1e-12);
        roc.thresholds.forEach((threshold, i) => {
          const part = (of: number[], test: (value: number) => boolean) => of.filter(test).length / of.length;
          expect(roc.falseAccept[i]).to.be.closeTo(
            part(different, (value) => value <= threshold),
            1e-12,
          );
          expect(roc.falseReject[i]).to.be.closeTo(
            part(same, (value) => value > threshold),
            1e-12,
          );
        });
      }),
    );
  });

  it('refuses one sort of pairs alone, and what is no number', () => {
    expect(() => rocCurve([], [1])).to.throw(InputError, 'there is no same pair');
    expect(() => rocCurve([1], [])).to.throw(InputError, 'there is no different pair');
    expect(() => rocCurve([Number.NaN], [1])).to.throw(
      InputError,
      'a dissimilarity of a same pair is not a finite number',
    );
  });

  it('tells the equal error rate: 0 for separate sorts, 1 for the wrong way round, 1/2 where all are equal', () => {
    expect(equalErrorRate(rocCurve([1, 2], [3, 4, 5]))).to.equal(0);
    expect(equalErrorRate(rocCurve([3, 4], [1, 2]))).to.equal(1);
    expect(equalErrorRate(rocCurve([1, 1], [1, 1, 1]))).to.equal(0.5);
    // Thresholds 1, 2, 3, 4: false accepts 0, 1/2, 1/2, 1; false rejects 1/2, 1/2, 0, 0.
    expect(equalErrorRate(rocCurve([1, 3], [2, 4]))).to.equal(0.5);
    // One of four is accepted wrongly, one of four rejected wrongly.
    expect(equalErrorRate(rocCurve([1, 2, 3, 6], [4, 7, 8, 9]))).to.equal(0.25);
  });

  it('lies between the two errors on both sides of where they cross', () => {
    fc.assert(
      fc.property(values, values, (same, different) => {
        const roc = rocCurve(same, different);
        const rate = equalErrorRate(roc);
        const after = roc.falseAccept.findIndex((accept, i) => accept >= roc.falseReject[i]!);
        const before: [number, number] =
          after > 0 ? [roc.falseAccept[after - 1]!, roc.falseReject[after - 1]!] : [0, 1];
        expect(rate).to.be.at.least(Math.max(before[0], roc.falseReject[after]!) - 1e-12);
        expect(rate).to.be.at.most(Math.min(before[1], roc.falseAccept[after]!) + 1e-12);
      }),
    );
  });

  it('tells the false rejects at so many false accepts', () => {
    const roc = rocCurve([1, 3, 5, 7], [2, 4, 6, 8, 10, 11, 12, 13, 14, 15]);
    expect([0, 0.1, 0.15, 0.3, 1].map((rate) => falseRejectAt(roc, rate))).to.deep.equal([0.75, 0.5, 0.5, 0, 0]);
    expect(falseRejectAt(rocCurve([5], [1]), 0.5)).to.equal(1);
  });

  it('chooses the threshold with the least errors, midway between dissimilarities', () => {
    expect(bestThreshold(rocCurve([1, 2], [4, 5]))).to.equal(3);
    fc.assert(
      fc.property(values, values, (same, different) => {
        const roc: Roc = rocCurve(same, different);
        const errors = (threshold: number) =>
          same.filter((value) => value > threshold).length / same.length +
          different.filter((value) => value <= threshold).length / different.length;
        const chosen = errors(bestThreshold(roc));
        for (const threshold of roc.thresholds) expect(chosen).to.be.at.most(errors(threshold) + 1e-9);
      }),
    );
  });
});

describe('pairs of embeddings', () => {
  const labels = Int32Array.of(3, 3, 5, 3, 5, 7);
  const vectors: Vectors = { data: Float32Array.from({ length: 12 }, (_, i) => (i * i) % 7), dims: [6, 2] };
  const row = (index: number) => vectors.data.subarray(2 * index, 2 * index + 2);

  it('are all pairs of two examples once, none with itself', () => {
    const { same, different } = allPairs(vectors, labels, 'euclidean');
    const expected = { same: [] as number[], different: [] as number[] };
    for (let j = 0; j < 6; j++) {
      for (let i = 0; i < j; i++) {
        expected[labels[i] === labels[j] ? 'same' : 'different'].push(dissimilarity(row(i), row(j), 'euclidean'));
      }
    }
    expect([...same].sort()).to.deep.equal(expected.same.sort());
    expect([...different].sort()).to.deep.equal(expected.different.sort());
    expect([same.length, different.length]).to.deep.equal([4, 11]);
  });

  it('are drawn without repetition, none with itself, as many of each sort, every identity as often', () => {
    // Identity 0 has a hundred images, the nine others four.
    const many = Array.from({ length: 136 }, (_, i) => (i < 100 ? 0 : 1 + Math.floor((i - 100) / 4)));
    const { same, different } = balancedPairs(many, 40, new Random(1));
    expect([same.length, different.length]).to.deep.equal([40, 40]);
    expect(new Set([...same, ...different].map(String)).size).to.equal(80);
    for (const [a, b] of [...same, ...different]) expect(a).to.be.below(b);
    expect(same.every(([a, b]) => many[a] === many[b])).to.equal(true);
    expect(different.every(([a, b]) => many[a] !== many[b])).to.equal(true);
    expect(same.filter(([a]) => many[a] === 0).length).to.be.below(12);
    expect(balancedPairs(many, 40, new Random(1)).same).to.deep.equal(same);
    const measured = ofPairs(vectors, { same: [[0, 3]], different: [[1, 4]] }, 'cosine');
    expect(measured.same[0]).to.equal(dissimilarity(row(0), row(3), 'cosine'));
    expect(measured.different[0]).to.equal(dissimilarity(row(1), row(4), 'cosine'));
  });

  it('are fewer where there are no more, and refused where there are none', () => {
    const { same, different } = balancedPairs(labels, 1000, new Random(1));
    expect([same.length, different.length]).to.deep.equal([4, 4]);
    for (const wrong of [[1, 1, 1], [1, 2, 3], []]) {
      expect(() => balancedPairs(wrong, 10, new Random(1))).to.throw(InputError, 'pairs of both sorts');
    }
  });
});
