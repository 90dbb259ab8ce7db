import { DataError, type DataSet, defineDataSet, gather, train } from '@onnx-forge/train';
import { type Example, TrainingBatches } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { inTemporaryFolder, tinyRecipe } from '../tiny.js';
import { failure } from './support.js';

const fields = { x: { shape: [4, 4, 1], range: [0, 1] }, label: { shape: [], dtype: 'int32', below: 3 } } as const;

const example = (index: number): Example => ({ x: new Float32Array(16).fill((index % 2) as number), label: index % 3 });

function* examples(count: number): Generator<Example> {
  for (let index = 0; index < count; index++) yield example(index);
}

describe("a program's own data set", () => {
  const define = (train: Parameters<typeof defineDataSet>[0]['splits']['train']): Promise<DataSet> =>
    defineDataSet({ name: 'mine', splits: { train, validation: examples(6), test: examples(6) }, fields });

  it('comes from an iterator, an async one, or random access, and trains', async () => {
    const slowly = async function* () {
      yield* examples(24);
    };
    const ahead: number[][] = [];
    const random = {
      size: 24,
      read: example,
      readAhead: async (indices: ArrayLike<number>) => void ahead.push(Array.from(indices)),
    };
    const all = [...Array(24).keys()];
    for (const source of [examples(24), slowly(), random]) {
      const { splits } = await define(source);
      expect(splits.train.size).to.equal(24);
      expect(Array.from(gather(splits.train, 'label', all))).to.deep.equal(all.map((index) => index % 3));
      expect(Array.from(gather(splits.train, 'x', [7]))).to.deep.equal(Array(16).fill(1));
    }
    const data = await define(random);
    const batches = new TrainingBatches(data.splits.train, { batchSize: 8, seed: 1, fields: ['x'] });
    await batches.ready();
    // The batch that is next, and the one after it.
    expect(ahead.map(({ length }) => length)).to.deep.equal([8, 8]);
    expect(ahead[0]).to.deep.equal(Array.from(batches.next().indices));
    expect(ahead[1]).to.deep.equal(Array.from(batches.next().indices));

    await inTemporaryFolder(async (out) => {
      const rest = { recipe: tinyRecipe, evaluate: false, figures: false, device: 'cpu', maxSteps: 2 } as const;
      expect(await train({ ...rest, out, data })).to.include({ status: 'finished', steps: 2 });
    });
  });

  it('names the example that lacks a field, or has another number of values', async () => {
    const lacking = await failure(DataError, () => define([example(0), { x: [1] }]));
    expect(lacking.message).to.equal(
      "data set 'mine', split 'train', example 1: 'x' has 1 numbers, not the 16 of [4, 4, 1]",
    );
    const none = await failure(DataError, () => define([{ x: new Float32Array(16) }]));
    expect(none.message).to.equal("data set 'mine', split 'train', example 0 has no numbers 'label'");
    const texts = { name: 'mine', splits: { train: [{}], validation: [], test: [] }, texts: ['text'] };
    expect((await failure(DataError, () => defineDataSet(texts))).message).to.match(/example 0 has no text 'text'/);
  });
});
