import { expect } from 'chai';
import { Pace } from '../../../packages/train/dist/trainer/pace.js';

/** Iterations that take so many milliseconds each; gives the pace after the last one. */
function paceAfter(stepsPerEpoch: number, durations: readonly number[], from = 0): Pace {
  let time = 0;
  const pace = new Pace(stepsPerEpoch, () => time);
  for (const [index, ms] of durations.entries()) {
    time += ms;
    pace.add(from + index + 1);
  }
  return pace;
}

describe('the time that is left', () => {
  it('is of the recent iterations, not of the first, which compiles', () => {
    const slow = [5000, ...Array<number>(60).fill(20)];
    const pace = paceAfter(1000, slow);
    expect(pace.msPerStep).to.equal(20);
    expect(pace.secondsLeft(61, 1000)).to.be.closeTo(939 * 0.02, 1e-9);
    expect(paceAfter(1000, [...slow, ...Array<number>(50).fill(10)]).msPerStep).to.equal(10);
  });

  it('is not known after the first iteration', () => {
    expect(paceAfter(10, [300]).secondsLeft(1, 10)).to.be.NaN;
    expect(paceAfter(10, [300]).msPerStep).to.equal(300);
    expect(paceAfter(10, [300, 20]).secondsLeft(2, 10)).to.be.closeTo(0.16, 1e-9);
  });

  it('counts what is done between epochs once an epoch', () => {
    // 5 iterations an epoch, 10 ms each; 1 s between epochs.
    const pace = paceAfter(5, [500, 10, 10, 10, 10, 1010, 10, 10, 10, 10, 1010, 10]);
    expect(pace.msPerStep).to.be.closeTo(10, 1e-9);
    // 13 iterations to come, two of which (16 and 21) begin an epoch.
    expect(pace.secondsLeft(12, 25)).to.be.closeTo(0.13 + 2, 1e-9);
  });

  it('knows where the epochs begin in a resumed run', () => {
    const pace = paceAfter(5, [500, 10, 10, 1010, 10], 12);
    expect(pace.msPerStep).to.be.closeTo(10, 1e-9);
    expect(pace.secondsLeft(17, 20)).to.be.closeTo(0.03, 1e-9);
  });

  it('has an epoch in every iteration, if so', () => {
    expect(paceAfter(1, [500, 30, 30]).secondsLeft(3, 10)).to.be.closeTo(0.21, 1e-9);
  });
});
