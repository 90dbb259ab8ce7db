import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataSet, TrainingBatches } from '@onnx-forge/train/data';
import jpeg from 'jpeg-js';
import sharp from 'sharp';
import type { Runner } from '../benchmark.js';
import type { SpecOf } from './protocol.js';
import { timeCalls } from './timing.js';

const SIDE = 256;
const BATCH = 64;
/** Different pictures; the files differ by a comment, too. */
const PICTURES = 16;

/**
 * Images a second from JPEG files of 256 x 256: through the loader of users' own data, in batches for training and once at
 * opening (read, hashed, decoded); or by sharp alone, whose pixels go nowhere.
 */
export async function loadingImages({ folder, images, alone, threads, budgetMs }: SpecOf<'images'>): Promise<Runner> {
  await writePictures(folder, images);
  const [batches, opening, cpu] = ['data/images/batches', 'data/images/open', 'data/images/cpu'];
  if (alone) {
    sharp.cache(false);
    sharp.concurrency(1);
    const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jpg'));
    return {
      version: `sharp ${sharp.versions.sharp ?? ''}`,
      threads,
      async measure() {
        const paths = files.map((name) => join(folder, name));
        const { ms, cpuMs } = await timed(() => decodeAll(paths, threads), budgetMs);
        return { values: { [batches]: images / (ms / 1000), [cpu]: cpuMs / images } };
      },
      close: async () => {},
    };
  }
  const open = () => openDataSet(folder, { keptBytes: 0 });
  const { splits } = await open();
  const training = new TrainingBatches(splits.train, { batchSize: BATCH, seed: 1 });
  return {
    version: '',
    threads,
    async measure() {
      const epoch = async () => {
        for (let batch = 0; batch < training.batchesPerEpoch; batch++) {
          await training.ready();
          training.next();
        }
      };
      const { ms, cpuMs } = await timed(epoch, budgetMs);
      const opened = await timed(open, budgetMs);
      const used = BATCH * training.batchesPerEpoch;
      return { values: { [batches]: used / (ms / 1000), [cpu]: cpuMs / used, [opening]: images / (opened.ms / 1000) } };
    },
    close: async () => {},
  };
}

/** Median time of a call, and the mean of the processor time of all threads. */
async function timed(
  call: () => Promise<unknown>,
  budgetMs: number,
): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  let calls = 0;
  const counted = () => {
    calls++;
    return call();
  };
  const before = process.cpuUsage();
  const { ms } = await timeCalls(counted, { budgetMs, warmUpMs: 200 });
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 / calls };
}

async function decodeAll(files: readonly string[], atOnce: number): Promise<void> {
  const left = [...files];
  const decode = async () => {
    for (let file = left.pop(); file !== undefined; file = left.pop()) await sharp(file).raw().toBuffer();
  };
  await Promise.all(Array.from({ length: atOnce }, decode));
}

/** Smooth pictures in two classes; nothing is written where some are. */
async function writePictures(folder: string, count: number): Promise<void> {
  if ((await readdir(folder)).length > 0) return;
  const encoded = Array.from({ length: PICTURES }, (_, picture) => {
    const data = Buffer.alloc(4 * SIDE * SIDE);
    for (let i = 0; i < SIDE * SIDE; i++) {
      const [x, y] = [(i % SIDE) / SIDE, Math.floor(i / SIDE) / SIDE];
      const wave = (phase: number) => 128 + 100 * Math.sin(2 * Math.PI * ((2 + picture) * x + phase * y));
      data.set([wave(1), wave(2), wave(3 + picture), 255].map(Math.round), 4 * i);
    }
    return jpeg.encode({ data, width: SIDE, height: SIDE }, 90).data;
  });
  for (const name of ['a', 'b']) await mkdir(join(folder, name));
  for (let i = 0; i < count; i++) {
    const bytes = encoded[i % PICTURES]!;
    const comment = Buffer.from([0xff, 0xfe, 0, 4, i >> 8, i & 255]);
    await writeFile(
      join(folder, 'ab'[i % 2]!, `${i}.jpg`),
      Buffer.concat([bytes.subarray(0, 2), comment, bytes.subarray(2)]),
    );
  }
}
