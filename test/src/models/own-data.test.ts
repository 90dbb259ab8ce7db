import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadManifest } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { train } from '@onnx-forge/train';
import { referTo } from '@onnx-forge/train/data';
import type { OptionValues } from '@onnx-forge/train/options';
import { expect } from 'chai';
import { PNG } from 'pngjs';
import { npyBytes } from '../train/data/npy-bytes.js';

/** A picture of bars, different for each number and colour. */
function png(size: number, number: number, colour: boolean): Buffer {
  const image = new PNG({ width: size, height: size });
  for (let pixel = 0; pixel < size * size; pixel++) {
    const [x, y] = [pixel % size, Math.floor(pixel / size)];
    const light = (x * (1 + (number % 5)) + y * (1 + (number % 7)) + 13 * number) % 256;
    image.data.set([light, colour ? 255 - light : light, colour ? number % 256 : light, 255], 4 * pixel);
  }
  return PNG.sync.write(image, { colorType: colour ? 2 : 0 });
}

type Write = (folder: string) => Promise<string>;

const images =
  (size: number, classes: number, each: number, colour = false): Write =>
  async (folder) => {
    for (let number = 0; number < classes * each; number++) {
      const of = join(folder, `${number % classes}`);
      await mkdir(of, { recursive: true });
      await writeFile(join(of, `${number}.png`), png(size, number, colour));
    }
    return folder;
  };

const flat =
  (size: number, count: number, colour = false): Write =>
  async (folder) => {
    await mkdir(folder);
    for (let i = 0; i < count; i++) await writeFile(join(folder, `${i}.png`), png(size, i, colour));
    return folder;
  };

const lines =
  (name: string, ...content: readonly string[]): Write =>
  async (folder) => {
    await mkdir(folder);
    await writeFile(join(folder, name), content.join('\n'));
    return join(folder, name);
  };

const arrays: Write = async (folder) => {
  await mkdir(folder);
  const levels = Uint8Array.from({ length: 60 * 784 }, (_, i) => (i * i) % 251);
  await writeFile(join(folder, 'images.npy'), npyBytes('|u1', [60, 28, 28], levels));
  const labels = Uint8Array.from({ length: 60 }, (_, i) => i % 3);
  await writeFile(join(folder, 'labels.npy'), npyBytes('|u1', [60], labels));
  return folder;
};

interface Case {
  readonly write: Write;
  readonly options?: Parameters<typeof referTo>[1];
  readonly set?: OptionValues;
}

const grey: Case = { write: flat(28, 40) };

/** Data of each recipe's kind, and what makes it small. */
const CASES: Readonly<Record<string, Case>> = {
  vae: { ...grey, set: { hiddenDim: 16 } },
  'vae-mlp': { ...grey },
  'vae-conv': { ...grey },
  iwae: { ...grey, set: { hiddenDim: 16 } },
  'vae-2d': { write: images(28, 3, 20), set: { hiddenDim: 16 } },
  cvae: { write: images(28, 10, 6) },
  gan: { write: flat(40, 40, true), options: { resize: '28x28', grey: true } },
  dcgan: { ...grey },
  classifier: { write: arrays },
  'wgan-lp': { write: flat(32, 60, true), set: { width: 4, criticSteps: 2 } },
  simsiam: {
    write: images(32, 3, 20, true),
    set: { width: 4, blocks: 1, stages: 2, stem: 'strided', dimensions: 16, neighbours: 10 },
  },
  siamese: {
    write: images(32, 8, 4),
    set: { imageHeight: 32, imageWidth: 32, filters: 4, embeddingDim: 8, imagesPerPerson: 4 },
  },
  'text-cnn': {
    write: lines('reviews.csv', 'text,label', ...Array.from({ length: 60 }, (_, i) => `word ${i} ${i % 7},${i % 2}`)),
    set: { embeddingDim: 8, filters: 8 },
  },
  seq2seq: {
    write: lines('pairs.tsv', 'source\ttarget', ...Array.from({ length: 60 }, (_, i) => `je ${i}\ti ${i}`)),
    set: { units: 16, maxWords: 4 },
  },
  transformer: {
    write: lines('poem.txt', ...Array.from({ length: 100 }, () => 'to be or not to be')),
    set: { layers: 1, width: 16 },
  },
};

describe('every recipe takes data of your own', () => {
  it('of its kind', () => {
    expect(CASES).to.have.all.keys(...Object.keys(recipes));
  });

  for (const [name, { write, options, set }] of Object.entries(CASES)) {
    it(name, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-own-'));
      try {
        const recipe = (await recipes[name as keyof typeof recipes]()).default;
        expect(recipe.data.own).to.match(/\w/);
        const path = await write(join(folder, 'data'));
        const out = join(folder, 'run');
        const small = { batchSize: 8, ...set };
        const data = await referTo(path, options);
        const end = { maxSteps: 2, evaluate: false, figures: false } as const;
        const { status, steps } = await train({ recipe, out, data, set: small, device: 'cpu', ...end });
        expect([status, steps]).to.deep.equal(['finished', 2]);
        const manifest = await loadManifest(out);
        expect(manifest.data).to.include({ embedded: false });
        expect(manifest.data.reference).to.include({ path, splitRule: 'hash-1' });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  }
});
