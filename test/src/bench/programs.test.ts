import { programReading, programsMarkdown, type RowResult, shortcomings } from '@onnx-forge/bench';
import { expect } from 'chai';

const measured = (value: number) => ({ status: 'measured', rounds: [value], notes: [] }) as const;

function row(id: string, unit: string, values: Readonly<Record<string, number>>): RowResult {
  const entries = Object.entries(values).map(([engine, value]) => ({ engine, outcome: measured(value) }));
  return { id, title: `the ${id.split('/')[0]}`, unit, better: 'lower', entries };
}

describe('bench: programs', () => {
  it('reads a run by its lines of progress: the first is cold, the second half of the others warm', () => {
    const at = [900, 1000, 1500, 1700, 1910, 2120];
    const texts = ['12 tensors', 'epoch 1: loss 3', 'epoch 2: loss 2', 'epoch 3: loss 1', 'epoch 4: loss 1', 'done'];
    const lines = texts.map((text, i) => ({ text, at: at[i]! }));
    const { values } = programReading({ name: 'p', stepsPerLine: 10 }, { lines, peakMB: 123 });
    expect(values).to.deep.equal({ 'p/warm': 20.5, 'p/cold': 1, 'p/memory': 123 });
    expect(() => programReading({ name: 'p', stepsPerLine: 10 }, { lines: lines.slice(0, 2), peakMB: 1 })).to.throw(
      'p',
    );
  });

  it('names each number that is not as wanted', () => {
    const rows = [
      row('a/warm', 'ms', { 'onnx-forge': 2, 'tfjs cpu': 1.5, 'tfjs wasm': 3 }),
      row('a/cold', 's', { 'onnx-forge': 3, 'tfjs cpu': 1 }),
      row('b/warm', 'ms', { 'onnx-forge': 2, 'tfjs cpu': 40, compileStep: 1.5 }),
      row('c/warm', 'ms', { 'onnx-forge': 2, 'tfjs cpu': 40, 'tfjs wasm': 1, compileStep: 1.6 }),
      row('c/cold', 's', { 'onnx-forge': 2.4, 'tfjs cpu': 1 }),
    ];
    expect(shortcomings(rows)).to.deep.equal([
      'a: 2 ms, tfjs cpu 1.5 ms',
      'a: 3 s, tfjs cpu, cold 1 s',
      'b: 2 ms, compileStep 1.5 ms',
      'c: 2 ms, tfjs wasm 1 ms',
    ]);
    expect(shortcomings([{ ...rows[0]!, entries: [{ engine: 'onnx-forge', outcome: failed }] }])).to.deep.equal([
      'a failed: broken',
    ]);
  });

  it('has a line for each program and a column for each engine, with ratios', () => {
    const cannot = { status: 'cannot', reason: 'no Conv2DBackpropFilter' } as const;
    const a = row('a/warm', 'ms', { 'onnx-forge': 2, 'tfjs cpu': 40 });
    const rows = [{ ...a, entries: [...a.entries, { engine: 'tfjs wasm', outcome: cannot }] }];
    const machine = { processor: 'P', cores: 2, memoryGB: 8, system: 'Linux', node: '20', load: 0 };
    const text = programsMarkdown({ date: '2024-05-06T07:08:09Z', machine, versions: ['tfjs 4'], rounds: 1, rows });
    expect(text).to.include('| program | onnx-forge | tfjs cpu | tfjs wasm |');
    expect(text).to.include('| the a | 2 ms | 40 ms (20 x) | no Conv2DBackpropFilter |');
    expect(text).to.include('All is as wanted.');
  });
});

const failed = { status: 'failed', reason: 'broken' } as const;
