import {
  compareOutputs,
  faults,
  isWrong,
  type Outcome,
  type ZooModel,
  type ZooResult,
  zooMarkdown,
} from '@onnx-forge/bench';
import { expect } from 'chai';

const exported = (error: number, wasmError?: number): Outcome => ({
  status: 'exported',
  megabytes: 1.25,
  nodes: 7,
  comparison: { error, magnitude: 3 },
  ...(wasmError !== undefined && { wasmError }),
  times: { cpu: 120, ours: 2.5 },
});
const refused: Outcome = { status: 'refused', code: 'unsupported-operation', reason: 'Where' };

const models = (format: ZooModel['format'], outcomes: readonly Outcome[]): ZooResult[] =>
  outcomes.map((outcome, i) => ({ model: { name: `${format}/${i}`, format, file: '' }, outcome }));
const right = (n: number) => Array.from({ length: n }, () => exported(1e-6));

describe('the zoo', () => {
  it('measures the distance of outputs by their own size', () => {
    const { error, magnitude } = compareOutputs({ y: [1.004, -3], z: [0] }, { y: [1, -3], z: [0] });
    expect(error).to.be.closeTo(0.004 / (1 + 3 + 0.001), 1e-9);
    expect(magnitude).to.equal(3);
    // An absolute difference of 6e-9 where there is nothing but 1e-9.
    expect(compareOutputs({ y: [7e-9] }, { y: [1e-9] }).error).to.be.below(1e-5);
  });

  it('takes NaN for NaN alone, and a missing number for infinitely far', () => {
    expect(compareOutputs({ y: [Number.NaN, 1] }, { y: [Number.NaN, 1] }).error).to.equal(0);
    for (const actual of [[1, Number.NaN], [1], [Number.NaN, 1]]) {
      expect(compareOutputs({ y: actual }, { y: [1, 1] }).error).to.equal(Number.POSITIVE_INFINITY);
    }
    expect(compareOutputs({}, { y: [1] }).error).to.equal(Number.POSITIVE_INFINITY);
  });

  it('calls a model wrong that is farther from tfjs than its backends are from each other', () => {
    expect([exported(9e-4), exported(2e-3, 1.5e-3), refused].map(isWrong)).to.deep.equal([false, false, false]);
    const wrong: Outcome[] = [
      exported(2e-3),
      exported(2e-3, 9e-4),
      exported(Number.NaN),
      { status: 'broken', reason: 'x' },
    ];
    expect(wrong.map(isWrong)).to.deep.equal([true, true, true, true]);
  });

  it('has a fault for every wrong model, and for too few of a kind', () => {
    const graphs = models('graph-model', [...right(39), refused, refused]);
    expect(faults([...graphs, ...models('layers-model', right(21))])).to.deep.equal([]);
    expect(faults([...graphs, ...models('layers-model', [...right(20), exported(1)])])).to.deep.equal([
      'layers-model/20 is wrong',
      '20 of the layers-models are exported and right, not 21',
    ]);
  });

  it('lists every refused model with its reason', () => {
    const text = zooMarkdown({
      date: '2024-05-06T07:08:09Z',
      machine: { processor: 'Z80', cores: 2, memoryGB: 1, system: 'Linux', node: '20', load: 0 },
      versions: ['tfjs 4'],
      results: models('graph-model', [exported(1e-6), refused]),
    });
    expect(text).to.include('**1 of 2 graph-models**');
    expect(text).to.include('| graph-model/0 | 1.3 | 7 | 1.0e-6 |').and.to.include('graph-model/1 (refused): Where');
  });
});
