import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, loadManifest, parseManifest } from '@onnx-forge/infer';
import { readLog, train } from '@onnx-forge/train';
import { checkpointPath, loadCheckpoint, RunFolder, readSnapshots } from '@onnx-forge/train/run';
import { decodeCompressed, encodeCompressed } from '../../../../../packages/infer/dist/coding/compressed.js';
import { readConfigFile } from '../../../../../packages/train/dist/cli/batch/batch-file.js';
import { ShardFolder } from '../../../../../packages/train/dist/shards/folder.js';
import { tinyData, tinyRecipe } from '../../../train/tiny.js';
import { MUTATE_HEADER, MUTATE_METADATA, repairHash } from '../formats/safetensors.js';
import { MUTATE_JSON } from '../mutate-json.js';
import type { OpenTarget } from '../target.js';

const PRETRAINED = new URL('../../../../../models/pretrained/vae-2d/', import.meta.url);

export const manifest: OpenTarget = async () => ({
  name: 'manifest',
  seeds: [await readFile(new URL('manifest.json', PRETRAINED))],
  words: ['__proto__', '../', '\u0000', '1e999'],
  mutations: MUTATE_JSON,
  async read(bytes) {
    const { graphs } = parseManifest(Buffer.from(bytes).toString());
    for (const { file } of Object.values(graphs)) {
      if (/(^|\/)\.\.(\/|$)|^\/|^[a-z]+:|\\/i.test(file)) throw new TypeError(`accepts the path ${file}`);
    }
    await loadManifest({
      location: 'x',
      read: async () => bytes,
      explainAbsence: () => Promise.reject(new TypeError('absent')),
    });
  },
});

export const safetensors: OpenTarget = async () => ({
  name: 'safetensors',
  seeds: [
    Buffer.concat(
      encodeSafetensors({
        arrays: { a: { shape: [2], data: Float32Array.of(1, 2) }, b: { shape: [], data: Int32Array.of(3) } },
        metadata: { key: 'value' },
      }),
    ),
  ],
  words: ['F32', 'I64', '[0,8]', '__metadata__', '__proto__'],
  mutations: MUTATE_HEADER,
  read: (bytes) => decodeSafetensors(bytes),
});

export const compressed: OpenTarget = async () => ({
  name: 'compressed',
  seeds: [0, 40].map((length) =>
    encodeCompressed({
      ...{ latentBits: 10, seed: 1, images: 3, model: new Uint8Array(8).fill(7) },
      message: { head: 2 ** 33 + 5, words: Uint16Array.from({ length }, (_, i) => 997 * i) },
    }),
  ),
  words: ['OFBB'],
  read: (bytes) => decodeCompressed(bytes),
});

/** A run of a moment in a folder. */
async function tinyRun(scratch: string): Promise<string> {
  const out = join(scratch, 'run');
  const settings = { evaluate: false, figures: false, logEvery: 1 };
  await train({ recipe: tinyRecipe, data: tinyData(), out, engine: 'eager', maxSteps: 2, ...settings });
  return out;
}

export const checkpoint: OpenTarget = async (scratch) => {
  const run = await tinyRun(scratch);
  const path = checkpointPath(run);
  const seed = await readFile(path);
  for (const name of await readdir(join(run, 'checkpoint'))) await writeFile(join(run, 'checkpoint', name), seed);
  return {
    name: 'checkpoint',
    seeds: [seed],
    words: ['F32', '[0,8]', '"step":', '__proto__'],
    mutations: [...MUTATE_HEADER, ...MUTATE_METADATA, ...MUTATE_METADATA],
    repair: repairHash,
    async read(bytes) {
      // Both are damaged, or the one before would stand in.
      for (const name of await readdir(join(run, 'checkpoint'))) await writeFile(join(run, 'checkpoint', name), bytes);
      await loadCheckpoint(run);
    },
  };
};

export const snapshot: OpenTarget = async (scratch) => {
  const run = new RunFolder(await tinyRun(scratch));
  const folder = join(run.path, 'snapshots');
  const [name] = await readdir(folder);
  const seed = await readFile(join(folder, name!));
  const other = new RunFolder(join(scratch, 'other'));
  await mkdir(join(other.path, 'snapshots'), { recursive: true });
  return {
    name: 'snapshot',
    seeds: [seed],
    words: ['images', 'F32', 'I32', '"step":"'],
    mutations: MUTATE_HEADER,
    async read(bytes) {
      await writeFile(join(other.path, 'snapshots', name!), bytes);
      await readSnapshots(other);
    },
  };
};

export const log: OpenTarget = async (scratch) => {
  const path = join(scratch, 'metrics.jsonl');
  const line = (step: number) =>
    JSON.stringify({ kind: 'train', step, epoch: step / 10, metrics: { 'elbo/loss': 1.5 } });
  return {
    name: 'log',
    seeds: [Buffer.from(`${line(1)}\n${line(2)}\n`)],
    words: ['\n', 'validation', '__proto__', 'null'],
    mutations: MUTATE_JSON.map((change) => (random, input, words) => {
      const [first = '', ...rest] = Buffer.from(input).toString().split('\n');
      return Buffer.from([Buffer.from(change(random, Buffer.from(first), words)).toString(), ...rest].join('\n'));
    }),
    async read(bytes) {
      await writeFile(path, bytes);
      await readLog(path);
    },
  };
};

export const shard: OpenTarget = async (scratch) => {
  const plan = { split: 'test', examples: 5, samples: 4, seed: 1, shards: 2 } as const;
  const { graphs, data } = parseManifest(await readFile(new URL('manifest.json', PRETRAINED), 'utf8'));
  const folder = new ShardFolder(scratch, { graphs, data }, plan);
  const numbers = Float64Array.of(-80.5, Number.NaN, Number.NEGATIVE_INFINITY);
  await folder.write(1, {
    ...{ values: numbers, effectiveSampleSizes: numbers, paretoKs: numbers, bounds: numbers, errors: numbers },
    ...{ mean: -80.5, standardError: 1, bound: -81, samples: 4, seed: 1, estimator: 'importance' },
  });
  const [name] = await readdir(folder.path);
  const path = join(folder.path, name!);
  return {
    name: 'shard',
    seeds: [await readFile(path)],
    words: ['"mean"', '"values"', 'AAAAAAAA', '==', '__proto__', '1e999'],
    mutations: MUTATE_JSON,
    async read(bytes) {
      await writeFile(path, bytes);
      const { values, mean } = await folder.read(1);
      if (values.length !== 3 || !Number.isFinite(mean)) throw new TypeError(`accepts ${values.length} examples`);
    },
  };
};

export const batch: OpenTarget = async (scratch) => {
  const path = join(scratch, 'batch.json');
  return {
    name: 'batch',
    seeds: [
      Buffer.from(
        '{"defaults": {"epochs": 5, "seed": 3}, "runs": [{"model": "vae", "out": "runs/a", "set": {"latentDim": 20}}, {"model": "gan"}]}',
      ),
    ],
    words: ['"epochs"', '"set"', '__proto__', '1e999'],
    mutations: MUTATE_JSON,
    async read(bytes) {
      await writeFile(path, bytes);
      await readConfigFile(path);
    },
  };
};
