import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DataSet } from '@onnx-forge/train';
import { openDataSet } from '@onnx-forge/train/data';
import { expect } from 'chai';
import { temporaryFolder } from './support.js';

/** A binary PGM, 2 x 2, different for each number. */
const pgm = (index: number) =>
  Buffer.concat([Buffer.from('P5 2 2 255\n'), Buffer.from([index & 255, (index >> 8) & 255, 7, 7])]);

async function writeImages(path: string, count: number): Promise<void> {
  for (const name of ['a', 'b']) await mkdir(join(path, name), { recursive: true });
  for (let index = 0; index < count; index++) {
    await writeFile(join(path, 'ab'[index % 2]!, `image-${index}.pgm`), pgm(index));
  }
}

describe('folders of many images', () => {
  const folder = temporaryFolder();

  it('take at most 300 bytes an image beside the pixels', async function () {
    this.timeout(120_000);
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const retained = async () => {
      // What threads have sent is let go of a little later.
      for (let i = 0; i < 5; i++) {
        await setTimeout(30);
        collect();
      }
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const opened: DataSet[] = [];
    const bytes: number[] = [];
    for (const count of [500, 2000, 6000]) {
      const path = join(folder.path, `${count}`);
      await writeImages(path, count);
      const before = await retained();
      opened.push(await openDataSet(path, { keptBytes: 0 }));
      bytes.push((await retained()) - before);
    }
    expect(opened.map(({ found }) => found!.split(' ')[0])).to.deep.equal(['500', '2000', '6000']);
    // The first has loaded code; what each of the others takes once is in both.
    const perImage = (bytes[2]! - bytes[1]!) / 4000;
    expect(perImage).to.be.within(1, 300);
  });

  it('have the hash of the lines that sha256sum writes of them, in the order of text', async () => {
    const count = 140;
    await writeImages(folder.path, count);
    await writeFile(join(folder.path, 'a', 'twice.pgm'), pgm(3));
    const sum = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    const lines = Array.from({ length: count }, (_, i) => `${sum(pgm(i))}  ${'ab'[i % 2]}/image-${i}.pgm\n`);
    lines.push(`${sum(pgm(3))}  a/twice.pgm\n`);
    const { files, found } = await openDataSet(folder.path);
    expect(files[0]!.sha256).to.equal(sum(lines.sort().join('')));
    expect(files[0]!.bytes).to.equal((count + 1) * pgm(0).length);
    expect(found).to.match(/^141 images \(140 different\) of 2 classes/);
  });
});
