import { ashaStopper, medianStopper, type TrialReport } from '@onnx-forge/train/sweep';
import { expect } from 'chai';

const at = (resource: number, losses: readonly number[]): TrialReport[] =>
  losses.map((loss, trial) => ({ trial, resource, loss }));

describe('stopping rules', () => {
  it('asha: rungs at min, min eta, min eta^2 ...', () => {
    const asha = ashaStopper({ eta: 3, min: 2 });
    expect(Array.from({ length: 20 }, (_, i) => i + 1).filter((epoch) => asha.asksAt(epoch))).to.deep.equal([2, 6, 18]);
  });

  it('asha: of six at a rung the best two go on, of fewer than eta the best', () => {
    const asha = ashaStopper({ eta: 3, min: 1 });
    const reports = at(1, [5, 3, 4, 1, 6, 2]);
    const stopped = reports.filter((report) => asha.stops(report, reports)).map(({ trial }) => trial);
    expect(stopped).to.deep.equal([0, 1, 2, 4]);
    const two = at(1, [5, 3]);
    expect(two.map((report) => asha.stops(report, two))).to.deep.equal([true, false]);
    expect(asha.stops(two[0]!, [two[0]!])).to.equal(false);
  });

  it('asha: other rungs do not count, equals are not stopped for each other', () => {
    const asha = ashaStopper({ eta: 2, min: 1 });
    const own = { trial: 9, resource: 2, loss: 1 };
    expect(asha.stops(own, [...at(1, [0, 0, 0, 0]), own])).to.equal(false);
    const equal = at(2, [1, 1, 1]);
    expect(equal.map((report) => asha.stops(report, equal))).to.deep.equal([false, false, false]);
  });

  it("median: the best loss so far against the median of the others' means", () => {
    const median = medianStopper({ startup: 3, warmup: 2 });
    expect([1, 2, 3].map((epoch) => median.asksAt(epoch))).to.deep.equal([false, true, true]);
    // Means of the others at epoch 2: 2, 3, 4; their median 3.
    const others = [...at(1, [3, 4, 5]), ...at(2, [1, 2, 3])];
    const trial = (first: number, second: number) => {
      const own = [1, 2].map((resource) => ({ trial: 7, resource, loss: resource === 1 ? first : second }));
      return median.stops(own[1]!, [...others, ...own]);
    };
    expect(trial(9, 3.1)).to.equal(true);
    expect(trial(2.9, 9)).to.equal(false);
    expect(trial(9, 3)).to.equal(false);
    // Two others only: too few to judge by.
    expect(median.stops({ trial: 7, resource: 2, loss: 99 }, at(2, [1, 2]))).to.equal(false);
  });
});
