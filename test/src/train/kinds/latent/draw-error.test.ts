import { join } from 'node:path';
import { type LatentModel, load, Random } from '@onnx-forge/infer';
import { type DataSet, likelihood, type Measurement, type Split } from '@onnx-forge/train';
import { expect } from 'chai';
import { measurementTable } from '../../../../../packages/train/dist/cli/output/measurements.js';
import { linearGaussianRun, TemporaryFolders, writeRun } from '../../../infer/run-folder.js';

const PIXELS = 5;
const EXAMPLES = 40;
const SAMPLES = 16;
const SEEDS = 400;

/** Vectors of five normal numbers. */
function data(): DataSet {
  const split = (seed: number): Split => {
    const x = new Random(seed).fillNormal(new Float32Array(EXAMPLES * PIXELS));
    return {
      size: EXAMPLES,
      fields: {
        x: {
          shape: [PIXELS],
          dtype: 'float32',
          read: (index, out, offset) => out.set(x.subarray(PIXELS * index, PIXELS * (index + 1)), offset),
        },
      },
    };
  };
  return {
    name: 'normal',
    files: [],
    embedded: true,
    splits: { train: split(1), validation: split(2), test: split(3) },
  };
}

/** Standard deviation of a number over seeds of the draws: what the error over draws has to be. */
function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

describe('the error over draws', () => {
  const folders = new TemporaryFolders();
  after(() => folders.remove());
  let model: LatentModel;
  before(async () => {
    const run = join(folders.make(), 'run');
    writeRun(run, linearGaussianRun());
    model = (await load(run, { device: 'cpu' })) as LatentModel;
  });
  after(() => model.dispose());

  const measured = (seed: number, samples = SAMPLES): Promise<readonly Measurement[]> =>
    likelihood({ samples })(model, data(), { split: 'test', seed, options: {} });
  const find = (all: readonly Measurement[], name: string, split = 'test') =>
    all.find((one) => one.name === name && one.split === split)!;

  it('of an ELBO of one draw each, and of log p(x), is the spread over seeds', async () => {
    const { splits } = data();
    const x = new Float32Array(EXAMPLES * PIXELS);
    for (let i = 0; i < EXAMPLES; i++) splits.test.fields.x!.read(i, x, PIXELS * i);
    const bounds: number[] = [];
    const logs: number[] = [];
    for (let seed = 0; seed < SEEDS; seed++) {
      bounds.push((await model.elbo(x, { seed })).mean);
      logs.push((await model.logLikelihood(x, { seed, samples: SAMPLES })).mean);
    }
    // The estimate rests on 40 pairs of draws: its own error is about a tenth.
    const estimates = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => measured(seed)));
    for (const [name, values] of [
      ['elbo', bounds],
      ['logLikelihood', logs],
    ] as const) {
      const errors = estimates.map((all) => find(all, name).drawError!);
      const error = errors.reduce((sum, one) => sum + one, 0) / errors.length;
      expect(error / deviation(values), name).to.be.within(0.8, 1.25);
      expect(error, name).to.be.below(find(estimates[0]!, name).standardError!);
    }
  });

  it('is there for both splits, and not for a log p(x) of one draw, which does not know it', async () => {
    const all = await measured(1, 1);
    expect(find(all, 'elbo', 'validation').drawError).to.be.above(0);
    expect(find(all, 'elbo').drawError).to.be.above(0);
    expect(find(all, 'logLikelihood')).not.to.have.property('drawError');
  });

  it('has a column in the table, which says what it is, and of what data', async () => {
    const all = (await measured(1)).map((one) => ({ ...one, dataSet: 'mnist+dynamic' }));
    const lines = measurementTable(all).split('\n');
    expect(lines[0]).to.match(/^metric +value +\+- +\+- draws +unit +split +examples +samples$/);
    expect(lines.slice(-2)).to.deep.equal([
      'data set: mnist+dynamic',
      '+-: standard error over the examples; +- draws: over the Monte-Carlo samples, the examples as they are',
    ]);
  });
});
