import {
  errorOf,
  importFaults,
  type NetMeasures,
  type NetResult,
  type NodeResult,
  netsMarkdown,
  nodeTestsMarkdown,
  stepsMarkdown,
  thisMachine,
  worseImport,
  wrongOnes,
} from '@onnx-forge/bench';
import { expect } from 'chai';

const facts = { date: '2026-01-02T03:04:05Z', machine: thisMachine(), versions: ['torch 2'] };
const right: NetMeasures = { forward: 1e-7, gradient: 2e-7, compared: 4, trained: 4, again: 3e-7, nodes: [3, 5] };
const result = (outcome: NetResult['outcome'], exporter = 'dynamo'): NetResult => ({
  net: 'mlp',
  exporter,
  parameters: 4,
  outcome,
});

describe('the benchmark of imports', () => {
  it('measures errors by the largest expected number, and takes NaN for NaN alone', () => {
    expect(errorOf([1, 102], [1, 100])).to.be.closeTo(0.02, 1e-12);
    expect(errorOf([1e-6], [0])).to.equal(1e-6);
    expect(errorOf([Number.NaN, Number.POSITIVE_INFINITY], [Number.NaN, Number.POSITIVE_INFINITY])).to.equal(0);
    for (const actual of [[Number.NaN], [Number.NEGATIVE_INFINITY], [], [1, 1]]) {
      expect(errorOf(actual, [1])).to.equal(Number.POSITIVE_INFINITY);
    }
  });

  it('finds fault with large errors, missing gradients and failures', () => {
    expect(importFaults(result(right))).to.deep.equal([]);
    expect(importFaults(result({ ...right, gradient: 2e-4, again: Number.NaN }))).to.deep.equal([
      'gradient error 2.0e-4',
      'again error NaN',
    ]);
    expect(importFaults(result({ ...right, compared: 3 }))).to.deep.equal(['1 of 4 gradients have no counterpart']);
    expect(importFaults(result({ failed: 'Foo is refused' }))).to.deep.equal(['Foo is refused']);
  });

  it('takes the worst of several seeds, and a failure before all errors', () => {
    const other: NetMeasures = { ...right, forward: 5e-7, gradient: 1e-8, again: Number.NaN, compared: 3 };
    for (const pair of [
      [right, other],
      [other, right],
    ] as const) {
      const { outcome } = worseImport(result(pair[0]), result(pair[1]));
      expect(outcome).to.deep.include({ forward: 5e-7, gradient: 2e-7, compared: 3 });
      expect('again' in outcome && outcome.again).to.deep.equal(Number.NaN);
    }
    const failed = result({ failed: 'Foo is refused' });
    expect(worseImport(result(right), failed)).to.equal(failed);
    expect(worseImport(failed, result(right))).to.equal(failed);
  });

  it('counts the nets by exporter and names those that are not right', () => {
    const text = netsMarkdown(facts, [result(right), result({ failed: 'Foo is refused' }, 'torchscript')], 2);
    expect(text).to.include('**1 of 1** (dynamo) and **0 of 1** (torchscript)');
    expect(text).to.include('| mlp | dynamo | 1.0e-7 | 2.0e-7 | 3.0e-7 | 4 of 4 | 3 -> 5 |');
    expect(text).to.include('- mlp (torchscript): Foo is refused');
    expect(text).to.include('the worst of 2 seeds.');
  });

  it('counts tests by operator', () => {
    const results: NodeResult[] = [
      { name: 'a', operator: 'Abs', outcome: { status: 'right', constants: false } },
      { name: 'b', operator: 'Abs', outcome: { status: 'refused', reason: "Abs 'node_1' has a|b" } },
      { name: 'c', operator: 'Clip', outcome: { status: 'right', constants: true } },
      { name: 'd', operator: 'Clip', outcome: { status: 'wrong', reason: 'y is 1' } },
      { name: 'e', operator: 'Loop', outcome: { status: 'refused', reason: 'Loop' } },
      { name: 'f', operator: 'Dropout', outcome: { status: 'drawn' } },
    ];
    const text = nodeTestsMarkdown(facts, results);
    expect(text).to.include('Of 6 tests of 4 operators **2 are right** (1 of them with constants), 2 are refused');
    expect(text).to.include('**1 are wrong**');
    expect(text).to.include('| Abs | 1 |  | 1 |  | Abs has a\\|b |');
    expect(text).to.include('Loop (1)');
    expect(wrongOnes(results).map(({ name }) => name)).to.deep.equal(['d']);
  });

  it('gives the median of each, and of the ratios in single rounds; a peer that is absent says why', () => {
    const net = { shape: [2, 3], versions: ['torch 2'], losses: [1, 1] };
    const text = stepsMarkdown(facts, [
      {
        ...net,
        net: 'mlp',
        rounds: [
          [1, 2, 8],
          [2, 2, 6],
          [4, 2, 4],
        ],
      },
      {
        ...net,
        net: 'vit',
        rounds: [
          [2, 1],
          [2, 3],
          [2, 2],
        ],
        absent: 'no gradient rule',
      },
    ]);
    expect(text).to.include('| mlp | 2 x 3 | 2.00 | 2.00 | 6.00 | 1.00 (0.50 to 2.00) | 3.00 (1.00 to 8.00) |');
    expect(text).to.include('| vit | 2 x 3 | 2.00 | 2.00 |  | 1.00 (0.50 to 1.50) |  |');
    expect(text).to.include('onnxsim is absent where it says: vit: no gradient rule.');
  });
});
