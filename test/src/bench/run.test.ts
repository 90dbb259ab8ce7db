import { type Benchmark, besideProcessorTime, type Contender, type Reading, run, Unavailable } from '@onnx-forge/bench';
import { expect } from 'chai';

const row = { id: 'a', title: 'A', unit: 'ms', better: 'lower' } as const;
const other = { id: 'b', title: 'B', unit: 'MB', better: 'lower' } as const;

/** Contenders that give what they are told and write down when they were asked. */
class Stage {
  readonly calls: string[] = [];

  contender(engine: string, readings: (Reading | Error)[]): Contender {
    let round = 0;
    return {
      engine,
      open: async () => ({
        version: '1',
        threads: 1,
        measure: async () => {
          this.calls.push(engine);
          const reading = readings[round++]!;
          if (reading instanceof Error) throw reading;
          return reading;
        },
        close: async () => void this.calls.push(`${engine} closed`),
      }),
    };
  }
}

const reading = (a: number): Reading => ({ values: { a } });
const measure = (benchmark: Benchmark) => run(benchmark, { rounds: 2, settleMs: 0, onProgress: () => {} });

describe('bench: rounds', () => {
  it('takes turns, round after round', async () => {
    const stage = new Stage();
    const contenders = ['x', 'y'].map((engine) => stage.contender(engine, [reading(1), reading(2)]));
    const [result] = await measure({ rows: [row], contenders });
    expect(stage.calls).to.deep.equal(['x', 'y', 'x', 'y', 'x closed', 'y closed']);
    expect(result?.entries[1]?.outcome).to.deep.equal({ status: 'measured', rounds: [1, 2], notes: [] });
  });

  it('asks a slow engine only once', async () => {
    const stage = new Stage();
    const contenders = [
      stage.contender('x', [reading(1), reading(2)]),
      stage.contender('slow', [{ ...reading(9), last: true }]),
    ];
    const [result] = await measure({ rows: [row], contenders });
    expect(stage.calls.filter((call) => call === 'slow')).to.have.length(1);
    expect(result?.entries[1]?.outcome).to.deep.equal({ status: 'measured', rounds: [9], notes: [] });
  });

  it('goes on without an engine that is absent, fails, or can do only some of the rows', async () => {
    const stage = new Stage();
    const absent: Contender = {
      engine: 'absent',
      open: () => Promise.reject(new Unavailable({ status: 'absent', reason: 'install it' })),
    };
    const cannot = { status: 'cannot', reason: 'no kernel' } as const;
    const contenders = [
      stage.contender('whole', [{ values: { a: 1, b: 5 } }, { values: { a: 1 }, notes: { a: ['note'] } }]),
      absent,
      stage.contender('broken', [reading(1), new Error('it broke')]),
      stage.contender('partly', [{ values: { a: cannot } }, { values: { a: cannot } }]),
    ];
    const [first, second] = await measure({ rows: [row, other], contenders });
    expect(first?.entries.map(({ outcome }) => outcome)).to.deep.equal([
      { status: 'measured', rounds: [1, 1], notes: ['note'] },
      { status: 'absent', reason: 'install it' },
      { status: 'failed', reason: 'it broke' },
      cannot,
    ]);
    expect(second?.entries.map(({ engine }) => engine)).to.deep.equal(['whole', 'absent', 'broken']);
    expect(stage.calls.slice(-3)).to.deep.equal(['whole closed', 'broken closed', 'partly closed']);
  });

  it('measures the rows once more by processor time, in turn with the others, and mixes nothing up', async () => {
    const stage = new Stage();
    const absent: Contender = {
      engine: 'absent',
      open: () => Promise.reject(new Unavailable({ status: 'absent', reason: 'install it' })),
    };
    const asked: unknown[] = [];
    const benchmark = besideProcessorTime(
      { rows: [row], contenders: [stage.contender('x', [reading(1), reading(2)]), absent] },
      (how) => {
        asked.push(how);
        return [stage.contender('x', [{ ...reading(10), notes: { a: ['note'] } }, reading(20)]), absent];
      },
    );
    const [first, second] = await measure(benchmark);
    expect(asked).to.deep.equal([{ threads: 1, clock: 'cpu' }]);
    expect(stage.calls.slice(0, 4)).to.deep.equal(['x', 'x', 'x', 'x']);
    expect(first).to.include({ id: 'a', title: 'A' });
    expect(second).to.include({ id: 'a/cpu', title: 'A; one thread, processor time', unit: 'ms' });
    const outcomes = [first!, second!].map(({ entries }) => entries.map(({ engine, outcome }) => [engine, outcome]));
    const none = ['absent', { status: 'absent', reason: 'install it' }];
    expect(outcomes).to.deep.equal([
      [['x', { status: 'measured', rounds: [1, 2], notes: [] }], none],
      [['x', { status: 'measured', rounds: [10, 20], notes: ['note'] }], none],
    ]);
  });
});
