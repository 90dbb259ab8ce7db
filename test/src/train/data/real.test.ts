import { gather, loadDataSet, type Split } from '@onnx-forge/train';
import { verifyDataSet } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { realData } from './support.js';

/** Mean over all pixels of the first `count` examples. */
function mean(split: Split, count: number = split.size): number {
  const indices = Array.from({ length: count }, (_, i) => i);
  const x = gather(split, 'x', indices) as Float32Array;
  return x.reduce((sum, level) => sum + level, 0) / x.length;
}

/** How often each class occurs. */
function classCounts({ size, fields }: Split): readonly number[] {
  const counts = Array<number>(10).fill(0);
  const label = new Int32Array(1);
  for (let i = 0; i < size; i++) {
    fields.label!.read(i, label, 0);
    counts[label[0]!]!++;
  }
  return counts;
}

describe('the real MNIST files', () => {
  let dataDir = '';
  before(function () {
    dataDir = realData(this);
  });

  it('load with the published counts and statistics', async () => {
    const { splits, files } = await loadDataSet('mnist', { dataDir });
    const { train, validation, test } = splits;
    expect([train.size, validation.size, test.size]).to.deep.equal([50_000, 10_000, 10_000]);
    // The published class counts of the 60,000 and of the 10,000.
    const published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];
    const validationCounts = classCounts(validation);
    expect(classCounts(train).map((count, digit) => count + validationCounts[digit]!)).to.deep.equal(published);
    expect(classCounts(test)).to.deep.equal([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(Array.from(gather(train, 'label', [0, 1, 2, 3, 4]))).to.deep.equal([5, 0, 4, 1, 9]);
    expect(Array.from(gather(test, 'label', [0, 1, 2, 3, 4]))).to.deep.equal([7, 2, 1, 0, 4]);
    // The well-known mean of the 60,000: 0.1307.
    expect((5 * mean(train) + mean(validation)) / 6).to.be.closeTo(0.1307, 0.00005);
    expect(files.map((file) => file.name)).to.have.length(4);
  });

  it('load binarized, every pixel 0 or 1', async () => {
    const { splits } = await loadDataSet('binarized-mnist', { dataDir });
    expect([splits.train.size, splits.validation.size, splits.test.size]).to.deep.equal([50_000, 10_000, 10_000]);
    const x = gather(
      splits.test,
      'x',
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(x.every((bit) => bit === 0 || bit === 1)).to.equal(true);
    expect(splits.test.fields.x!.binary).to.equal(true);
    // A Bernoulli draw of the grey levels keeps their mean.
    const grey = await loadDataSet('mnist', { dataDir });
    expect(mean(splits.test)).to.be.closeTo(mean(grey.splits.test), 0.001);
  });

  it('pass verification', async () => {
    for (const name of ['mnist', 'binarized-mnist']) {
      const report = await verifyDataSet(name, { dataDir });
      expect(report.files.map((file) => file.status)).to.deep.equal(report.files.map(() => 'ok'));
      expect(report.ok).to.equal(true);
    }
  });
});
