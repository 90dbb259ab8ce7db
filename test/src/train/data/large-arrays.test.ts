import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@onnx-forge/infer';
import { DataError, type DataSet } from '@onnx-forge/train';
import { openDataSet, openReference, referTo, SPLIT_NAMES, TrainingBatches } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { npyBytes } from './npy-bytes.js';
import { failure, temporaryFolder } from './support.js';

const [COUNT, HEIGHT, WIDTH] = [40, 5, 7];
const SIZE = HEIGHT * WIDTH;

function imagesOf({ splits }: DataSet): number[][] {
  return SPLIT_NAMES.flatMap((name) => {
    const { x } = splits[name].fields;
    return Array.from({ length: splits[name].size }, (_, index) => {
      const out = new Float32Array(x!.shape.reduce((product, size) => product * size, 1));
      x!.read(index, out, 0);
      return [...out];
    });
  });
}

describe('arrays that are too large for the memory', () => {
  const folder = temporaryFolder();
  const random = new Random(8);
  const levels = Float64Array.from({ length: COUNT * SIZE }, () => random.uniform());
  const arrays = {
    float64: npyBytes('<f8', [COUNT, HEIGHT, WIDTH], levels),
    float32: npyBytes('<f4', [COUNT, HEIGHT, WIDTH], Float32Array.from(levels)),
    uint8: npyBytes(
      '|u1',
      [COUNT, HEIGHT, WIDTH],
      Uint8Array.from(levels, (level) => 255 * level),
    ),
    'black and white': npyBytes(
      '|u1',
      [COUNT, HEIGHT, WIDTH],
      Uint8Array.from(levels, (level) => Math.round(level)),
    ),
  };
  const write = async (bytes: Uint8Array): Promise<string> => {
    const path = join(folder.path, 'mine.npy');
    await writeFile(path, bytes);
    return path;
  };

  for (const [name, bytes] of Object.entries(arrays)) {
    it(`are the same in memory and read when they are used: ${name}`, async () => {
      const path = await write(bytes);
      for (const options of [undefined, { resize: '3x2' }]) {
        const reference = await referTo(path, options);
        const kept = await openReference(reference);
        const onUse = await openReference(reference, undefined, { keptBytes: 0 });
        expect(onUse.reference).to.deep.equal(kept.reference);
        expect(onUse.found).to.equal(kept.found);
        expect(kept.splits.train.fields.x!.readAhead).to.equal(undefined);
        const images = imagesOf(kept);
        expect(new Set(images.map(String)).size).to.equal(COUNT);
        expect(imagesOf(onUse)).to.deep.equal(images);
        const batches = [kept, onUse].map(({ splits }) => new TrainingBatches(splits.train, { batchSize: 8, seed: 3 }));
        for (let batch = 0; batch < 9; batch++) {
          await batches[1]!.ready();
          expect(batches[1]!.next().fields.x).to.deep.equal(batches[0]!.next().fields.x);
        }
      }
    });
  }

  it('that change after they were opened are refused when they are used', async () => {
    const path = await write(arrays.float32);
    const { splits } = await openDataSet(path, { keptBytes: 0 });
    const x = splits.train.fields.x!;
    const changed = Float32Array.from(levels, (level) => 1 - level);
    await writeFile(path, npyBytes('<f4', [COUNT, HEIGHT, WIDTH], changed));
    const ahead = await failure(DataError, () => x.readAhead!([0]));
    expect(ahead.message).to.match(/mine\.npy has changed since the data were opened/);
    await failure(DataError, () => x.read(1, new Float32Array(SIZE), 0));
    await writeFile(path, arrays.float32.subarray(0, 200));
    await failure(DataError, () => x.readAhead!([2]));
    await failure(DataError, () => x.read(3, new Float32Array(SIZE), 0));
  });
});
