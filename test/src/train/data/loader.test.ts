import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DataError } from '@onnx-forge/train';
import { decodeImage, openDataSet, SPLIT_NAMES, TrainingBatches } from '@onnx-forge/train/data';
import { expect } from 'chai';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { failure, temporaryFolder } from './support.js';

const COUNT = 150; // More than are decoded without threads.
const SIZE = 8;

const levelsOf = (number: number) => Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => (number * 7 + i * i) % 256);

function png(number: number): Buffer {
  const image = new PNG({ width: SIZE, height: SIZE });
  const levels = levelsOf(number);
  for (let pixel = 0; pixel < SIZE * SIZE; pixel++) {
    image.data.set([...levels.subarray(3 * pixel, 3 * pixel + 3), 255], 4 * pixel);
  }
  return PNG.sync.write(image, { colorType: 2 });
}

describe('many images', () => {
  const folder = temporaryFolder();
  const write = async () => {
    await mkdir(join(folder.path, 'images'));
    for (let i = 0; i < COUNT; i++) await writeFile(join(folder.path, 'images', `${i}.png`), png(i));
    return join(folder.path, 'images');
  };

  it('are the same in memory and decoded when they are used, in training batches and alone', async () => {
    const path = await write();
    let told = 0;
    const kept = await openDataSet(path, { onProgress: (done, of) => (told = Math.max(told, done / of)) });
    const onUse = await openDataSet(path, { keptBytes: 0 });
    expect(onUse.reference).to.deep.equal(kept.reference);
    expect(kept.splits.train.fields.x!.readAhead).to.equal(undefined);
    const pixels = new Set<string>();
    for (const name of SPLIT_NAMES) {
      const [a, b] = [new Float32Array(3 * SIZE * SIZE), new Float32Array(3 * SIZE * SIZE)];
      for (let index = 0; index < kept.splits[name].size; index += 1) {
        kept.splits[name].fields.x!.read(index, a, 0);
        onUse.splits[name].fields.x!.read(index, b, 0);
        expect(b).to.deep.equal(a);
        pixels.add(`${a.map((level) => Math.round(255 * level))}`);
      }
    }
    expect(pixels).to.deep.equal(new Set(Array.from({ length: COUNT }, (_, i) => `${levelsOf(i)}`)));

    const [one, two] = [kept, onUse].map(({ splits }) => new TrainingBatches(splits.train, { batchSize: 16, seed: 3 }));
    for (let batch = 0; batch < 10; batch++) {
      await two!.ready();
      expect(two!.next().fields.x).to.deep.equal(one!.next().fields.x);
    }
  });

  it('that change after they were opened are refused when they are used', async () => {
    const path = await write();
    const { splits } = await openDataSet(path, { keptBytes: 0 });
    for (let i = 0; i < COUNT; i++) await writeFile(join(path, `${i}.png`), png(i + 1));
    const changed = await failure(DataError, () => splits.train.fields.x!.readAhead!([0]));
    expect(changed.message).to.match(/\.png has changed since the data were opened/);
    await failure(DataError, () => splits.train.fields.x!.read(1, new Float32Array(192), 0));
  });

  it('with a damaged one among them name it', async () => {
    const path = await write();
    await writeFile(join(path, '77.png'), png(1).subarray(0, 60));
    const damaged = await failure(DataError, () => openDataSet(path));
    expect(damaged.message).to.match(/77\.png: .*intact PNG/);
  });

  it('in JPEG differ by a few levels at most between sharp and the decoder that is always there', async () => {
    expect(createRequire(import.meta.url).resolve('sharp')).to.match(/sharp/);
    // A smooth picture: where neighbouring pixels are alike, decoders differ only by rounding.
    const data = Buffer.alloc(4 * 32 * 32);
    for (let i = 0; i < 32 * 32; i++) data.set([4 * (i % 32), 4 * Math.floor(i / 32), 128, 255], 4 * i);
    const bytes = jpeg.encode({ data, width: 32, height: 32 }, 95).data;
    for (let i = 0; i < 10; i++) {
      // Comments make the files differ.
      const comment = Buffer.from([0xff, 0xfe, 0, 3, i]);
      await writeFile(join(folder.path, `${i}.jpg`), Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]));
    }
    const { splits } = await openDataSet(folder.path);
    const x = new Float32Array(3 * 32 * 32);
    splits.train.fields.x!.read(0, x, 0);
    const { data: own } = decodeImage({ file: 'a.jpg', bytes });
    const most = own.reduce((largest, level, i) => Math.max(largest, Math.abs(level - 255 * x[i]!)), 0);
    expect(most).to.be.at.most(4);
  });
});
