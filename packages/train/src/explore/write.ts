import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { explorerFolder } from '@onnx-forge/viz';
import { TrainError } from '../errors.js';
import { type ExploredRun, runsJson } from './site.js';

/**
 * Writes the explorer page with these runs as a folder of plain files, for any web server. Of a run only what the page
 * loads is copied. The folder appears whole or not at all.
 *
 * @throws TrainError (`out-exists`) when there is something in the folder already
 */
export async function writeExplorer(runs: readonly ExploredRun[], out: string): Promise<void> {
  const target = resolve(out);
  const existing = await readdir(target).catch(() => []);
  if (existing.length > 0) {
    throw new TrainError('out-exists', `${out} is not empty: name a new folder, or empty it first`, { out });
  }
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(explorerFolder(), unfinished, { recursive: true, filter: (path) => !path.endsWith('.map') });
  await mkdir(join(unfinished, 'examples'), { recursive: true });
  for (const [index, { folder, files, examples }] of runs.entries()) {
    const place = join(unfinished, 'runs', String(index));
    await mkdir(place, { recursive: true });
    for (const file of files) {
      await cp(join(folder, file), join(place, file), { recursive: true });
    }
    if (examples) await writeFile(join(unfinished, 'examples', `${index}.safetensors`), examples);
  }
  await writeFile(join(unfinished, 'runs.json'), runsJson(runs));
  await rm(target, { recursive: true, force: true });
  await rename(unfinished, target);
}
