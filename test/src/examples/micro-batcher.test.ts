import { MicroBatcher } from '@onnx-forge/example-service';
import { expect } from 'chai';

/** Doubles numbers, each call when it is told to; records the calls. */
function doubling(maxSize: number) {
  const calls: number[][] = [];
  const ends: (() => void)[] = [];
  const batcher = new MicroBatcher<number, number>(
    async (inputs) => {
      calls.push([...inputs]);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (inputs.includes(13)) throw new Error('unlucky');
      return inputs.map((input) => 2 * input);
    },
    { maxSize, sizeOf: (input) => Math.max(1, Math.floor(input / 10)) },
  );
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    batcher,
    calls,
    /** Ends the call under way. */
    async end(): Promise<void> {
      await turn();
      ends.shift()!();
      await turn();
    },
  };
}

describe('examples/service: MicroBatcher', () => {
  it('gathers what comes while a call is under way, in its order', async () => {
    const { batcher, calls, end } = doubling(10);
    const first = batcher.add(1);
    await new Promise((resolve) => setImmediate(resolve));
    const others = [2, 3, 4].map((input) => batcher.add(input));
    await end();
    await end();
    expect(await Promise.all([first, ...others])).to.deep.equal([2, 4, 6, 8]);
    expect(calls).to.deep.equal([[1], [2, 3, 4]]);
  });

  it('takes no more than fits, and what is larger alone', async () => {
    const { batcher, calls, end } = doubling(3);
    const all = [1, 2, 25, 3, 70, 4].map((input) => batcher.add(input));
    for (let call = 0; call < 4; call++) await end();
    expect(await Promise.all(all)).to.deep.equal([2, 4, 50, 6, 140, 8]);
    // Sizes 1, 1, 2, 1, 7, 1.
    expect(calls).to.deep.equal([[1, 2], [25, 3], [70], [4]]);
  });

  it('fails the inputs of a call that failed, and no others', async () => {
    const { batcher, end } = doubling(2);
    const outcomes = Promise.allSettled([1, 13, 2, 3].map((input) => batcher.add(input)));
    await end();
    await end();
    expect((await outcomes).map(({ status }) => status)).to.deep.equal([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('is free again when all is done', async () => {
    const { batcher, end } = doubling(10);
    for (const input of [1, 2]) {
      const output = batcher.add(input);
      await end();
      expect(await output).to.equal(2 * input);
    }
  });
});
