import { crossTable } from '@onnx-forge/train/figures';
import { expect } from 'chai';

describe('table of runs', () => {
  const run = (pooling: string, kernelSize: number, value: number) => ({ options: { pooling, kernelSize }, value });

  it('orders numbers by size and names as they come; an empty cell stays empty', () => {
    const runs = [run('max', 10, 1), run('max', 5, 2), run('average', 5, 3)];
    const { rows, columns, cells } = crossTable(runs, 'pooling', 'kernelSize');
    expect([rows, columns]).to.deep.equal([
      ['max', 'average'],
      ['5', '10'],
    ]);
    expect(cells.map((row) => row.map((cell) => cell?.mean))).to.deep.equal([
      [2, 1],
      [3, undefined],
    ]);
  });

  it('runs of one cell: their mean and the standard error of it', () => {
    const { cells, columns } = crossTable(
      [1, 2, 6].map((value) => run('max', 5, value)),
      'pooling',
    );
    // Variance 7 with two degrees of freedom, over three runs.
    expect([columns, cells]).to.deep.equal([['all'], [[{ mean: 3, standardError: Math.sqrt(7 / 3), runs: 3 }]]]);
    const alone = crossTable([{ ...run('max', 5, 0.8), standardError: 0.01 }], 'pooling').cells[0]![0];
    expect(alone).to.deep.equal({ mean: 0.8, standardError: 0.01, runs: 1 });
  });
});
