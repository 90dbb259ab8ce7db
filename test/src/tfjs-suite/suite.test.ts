import { expect } from 'chai';
import { judge } from './judge.js';
import { knownFailures } from './known-failures.js';
import type { SpecResult } from './protocol.js';
import { runSuite, type SuiteResult } from './runner.js';

/** tfjs-core 4.22.0 ships so many specs that run in Node (and 5 that it skips itself); two are about the cpu backend alone. */
const specCount = { cpu: 4227, onnx: 4225 };
const minutes = 60_000;

describe("tfjs-core's own suite", () => {
  it('passes on the cpu backend, spec by spec (the harness is sound)', async () => {
    const verdict = judge(await runSuite({ backend: 'cpu', shards: 2 }), []);
    expect(verdict.problems).to.deep.equal([]);
    expect(verdict.passed).to.equal(specCount.cpu);
  }).timeout(2 * minutes);

  it('passes on the onnx backend', async () => {
    const verdict = judge(await runSuite({ backend: 'onnx', shards: 2 }), []);
    expect(verdict.problems).to.deep.equal([]);
    expect(verdict.passed).to.equal(specCount.onnx);
  }).timeout(5 * minutes);

  it('passes where every kernel runs in onnxruntime, but for the known failures', async () => {
    const verdict = judge(await runSuite({ backend: 'onnx-graph', shards: 2 }), knownFailures);
    report(verdict.passed, verdict.total, verdict.byReason);
    expect(verdict.problems).to.deep.equal([]);
    expect(verdict.total).to.equal(specCount.onnx);
    expect(verdict.passed / verdict.total).to.be.at.least(0.95);
  }).timeout(10 * minutes);

  it('passes where work is recorded whatever its size: kernels with much to record', async () => {
    const grep = '^(batchNorm|conv2d|depthwise|gather|matmul|pad|slice|softmax|sum|transpose|unstack) ';
    const verdict = judge(await runSuite({ backend: 'onnx-recorded', grep, shards: 2 }), []);
    expect(verdict.problems).to.deep.equal([]);
    expect(verdict.passed).to.be.at.least(100);
  }).timeout(10 * minutes);
});

describe('the judgement of a suite run', () => {
  const run = (...specs: [string, SpecResult['status']][]): SuiteResult => ({
    specs: specs.map(([name, status]) => ({ name, status, message: 'why', milliseconds: 0 })),
    suiteFailures: [],
  });
  const known = [{ reason: 'strings', specs: ['a'] }];

  it('accepts exactly the known failures', () => {
    const verdict = judge(run(['a', 'failed'], ['b', 'passed'], ['c', 'pending']), known);
    expect(verdict).to.deep.equal({ passed: 1, total: 2, byReason: new Map([['strings', 1]]), problems: [] });
  });

  it('names an unlisted failure, a listed pass, and a listed spec that did not run', () => {
    expect(judge(run(['a', 'failed'], ['b', 'failed']), known).problems).to.deep.equal(['failed: b: why']);
    expect(judge(run(['a', 'passed']), known).problems).to.deep.equal(['listed as failing, but passed: a']);
    expect(judge(run(['b', 'passed']), known).problems).to.deep.equal(['listed as failing, but did not run: a']);
  });

  it('lets a spec pass whose outcome depends on the processor', () => {
    const rounding = [{ reason: 'rounding', mayPass: true, specs: ['a'] }];
    expect(judge(run(['a', 'passed']), rounding).problems).to.deep.equal([]);
    expect(judge(run(['a', 'failed']), rounding).byReason.get('rounding')).to.equal(1);
  });

  it('names a spec listed twice and a failed suite', () => {
    const twice = judge(run(['a', 'failed']), [...known, ...known]);
    expect(twice.problems).to.deep.equal(['listed twice: a']);
    const suite = judge({ specs: [], suiteFailures: [{ name: 's', message: 'why' }] }, []);
    expect(suite.problems).to.deep.equal(['suite failed: s: why']);
  });
});

function report(passed: number, total: number, byReason: ReadonlyMap<string, number>): void {
  const share = (count: number) => `(${((100 * count) / total).toFixed(2)} %)`;
  console.log(`      ${passed} / ${total} passed ${share(passed)}; the others:`);
  for (const [reason, count] of byReason) console.log(`      - ${count} ${share(count)} ${reason}`);
}
