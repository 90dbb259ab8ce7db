import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openDataSet, TrainingBatches } from '@onnx-forge/train/data';
import sharp from 'sharp';
import type { Reading, Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';

const SIDE = 8;
const BATCH = 64;

/**
 * A folder of images whose pixels are not kept: bytes that stay of each when the folder is open, and the most memory that was
 * resident until then, and after an epoch. Measured once: a process's peak never falls.
 */
export async function manyImages({ folder, images, threads }: SpecOf<'many-images'>): Promise<Runner> {
  await writeImages(folder, images);
  let measured = false;
  return {
    version: '',
    threads,
    async measure(): Promise<Reading> {
      if (measured) return { values: {} };
      measured = true;
      const before = await keptBytes();
      const { splits } = await openDataSet(folder, { keptBytes: 0 });
      const kept = ((await keptBytes()) - before) / images;
      const peak = peakMB();
      const training = new TrainingBatches(splits.train, { batchSize: BATCH, seed: 1 });
      for (let batch = 0; batch < training.batchesPerEpoch; batch++) {
        await training.ready();
        training.next();
      }
      const rows = { kept, peak, epoch: peakMB() };
      return {
        values: Object.fromEntries(Object.entries(rows).map(([row, value]) => [`data/many-images/${row}`, value])),
      };
    },
    close: async () => {},
  };
}

function peakMB(): number {
  return process.resourceUsage().maxRSS / 1000;
}

async function keptBytes(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  for (let i = 0; i < 3; i++) {
    // What threads have sent is let go of a little later.
    await setTimeout(50);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Grey images in two classes, each different from the others; nothing is written where some are. */
async function writeImages(folder: string, count: number): Promise<void> {
  if ((await readdir(folder)).length > 0) return;
  for (const name of ['a', 'b']) await mkdir(join(folder, name));
  const grey = Buffer.alloc(SIDE * SIDE, 255);
  for (let index = 0; index < count; index++) {
    grey.writeUInt32LE(index);
    const bytes = await sharp(grey, { raw: { width: SIDE, height: SIDE, channels: 1 } })
      .png()
      .toBuffer();
    await writeFile(join(folder, 'ab'[index % 2]!, `image-${index}.png`), bytes);
  }
}
