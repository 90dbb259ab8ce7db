import { InputError } from '@onnx-forge/infer';
import { gather } from '@onnx-forge/train';
import { type Batch, evaluationBatches, TrainingBatches } from '@onnx-forge/train/data';
import { expect } from 'chai';
import fc from 'fast-check';
import { byteSplit, failure } from './support.js';

const split = byteSplit(Array.from({ length: 23 }, (_, i) => i));
const copy = ({ indices, fields }: Batch) => ({
  indices: Array.from(indices),
  x: Array.from(fields.x!),
  label: Array.from(fields.label!),
});

describe('training batches', () => {
  it('show every example at most once an epoch, in an order that changes, and drop the remainder', () => {
    const batches = new TrainingBatches(split, { batchSize: 5, seed: 3 });
    expect(batches.batchesPerEpoch).to.equal(4);
    const epochs = Array.from({ length: 3 }, () =>
      Array.from({ length: 4 }, () => copy(batches.next()).indices).flat(),
    );
    for (const epoch of epochs) {
      expect(new Set(epoch).size).to.equal(20);
      expect(Math.max(...epoch)).to.be.lessThan(23);
    }
    expect(epochs[0]).to.not.deep.equal(epochs[1]);
    expect(new Set(epochs.flat()).size).to.equal(23);
  });

  it('carry the fields of the examples that they name', () => {
    const batches = new TrainingBatches(split, { batchSize: 7, seed: 1 });
    const { indices, x, label } = copy(batches.next());
    expect(x).to.deep.equal(indices);
    expect(label).to.deep.equal(indices);
    expect(batches.next().fields.label).to.be.instanceOf(Int32Array);
  });

  it('go on after a resume exactly as if there had been none', () => {
    fc.assert(
      fc.property(
        fc.record({ seed: fc.integer(), batchSize: fc.integer({ min: 1, max: 23 }), before: fc.nat({ max: 60 }) }),
        ({ seed, batchSize, before }) => {
          const through = new TrainingBatches(split, { batchSize, seed });
          for (let i = 0; i < before; i++) through.next();
          const position = JSON.parse(JSON.stringify(through.position()));
          const resumed = new TrainingBatches(split, { batchSize, seed, position });
          for (let i = 0; i < 30; i++) expect(copy(resumed.next())).to.deep.equal(copy(through.next()));
          expect(resumed.position()).to.deep.equal(through.position());
        },
      ),
    );
  });

  it('differ between seeds', () => {
    const first = (seed: number) => copy(new TrainingBatches(split, { batchSize: 23, seed }).next()).indices;
    expect(first(1)).to.deep.equal(first(1));
    expect(first(1)).to.not.deep.equal(first(2));
  });

  it('refuse impossible sizes, fields and positions', async () => {
    const make = (options: object) => () => new TrainingBatches(split, { batchSize: 5, seed: 1, ...options });
    for (const batchSize of [0, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect((await failure(InputError, make({ batchSize }))).message).to.include(`${batchSize}`);
    }
    expect((await failure(InputError, make({ batchSize: 24 }))).message).to.match(/24 .* 23 training examples/);
    expect((await failure(InputError, make({ fields: ['y'] }))).message).to.match(/no field 'y'.* x, label/);
    for (const position of [
      { epoch: 0, index: 4 },
      { epoch: -1, index: 0 },
      { epoch: 0, index: 0.5 },
    ]) {
      await failure(InputError, make({ position }));
    }
  });
});

describe('evaluation batches', () => {
  it('show every example once, in order, the last batch smaller', () => {
    const batches = Array.from(evaluationBatches(split, { batchSize: 10 }), copy);
    expect(batches.map(({ indices }) => indices.length)).to.deep.equal([10, 10, 3]);
    expect(batches.flatMap(({ x }) => x)).to.deep.equal(Array.from({ length: 23 }, (_, i) => i));
  });

  it('stop at the limit', () => {
    const seen = (limit: number) =>
      Array.from(evaluationBatches(split, { batchSize: 10, limit }), copy).flatMap(({ x }) => x).length;
    expect([0, 1, 10, 11, 99].map(seen)).to.deep.equal([0, 1, 10, 11, 23]);
  });
});

it('gather reads chosen examples in the order asked for', async () => {
  expect(Array.from(gather(split, 'x', [5, 0, 5]))).to.deep.equal([5, 0, 5]);
  await failure(InputError, () => gather(split, 'x', [23]));
});
