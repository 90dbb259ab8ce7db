import { cp, lstat, mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { explorerFolder } from '@onnx-forge/viz';
import { TrainError } from '../errors.js';
import { removeLeftoversOf } from '../run/atomic.js';
import { unwritable } from '../unwritable.js';
import { type ExploredRun, runsJson } from './site.js';

/**
 * Writes the explorer page with these runs as a folder of plain files, for any web server. Of a run only what the page
 * loads is copied. The folder appears whole or not at all.
 *
 * @throws TrainError (`out-exists`) when there is something at the path already; `run-unwritable`
 */
export async function writeExplorer(runs: readonly ExploredRun[], out: string): Promise<void> {
  const target = resolve(out);
  await requireRoom(target, out);
  const unfinished = `${target}.${process.pid}.tmp`;
  await removeLeftoversOf(target);
  try {
    await writeSite(runs, unfinished);
    if (await exists(target)) await rmdir(target);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => {});
    throw unwritable(out, error);
  }
}

/** @throws TrainError unless there is nothing at the path, or an empty folder */
async function requireRoom(target: string, out: string): Promise<void> {
  const names = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code !== 'ENOTDIR') throw unwritable(out, error);
    throw new TrainError('out-exists', `${out} or what it lies in is no folder: name another one`, { out });
  });
  if (names.length === 0) return;
  throw new TrainError('out-exists', `${out} is not empty: name a new folder, or empty it first`, { out });
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

async function writeSite(runs: readonly ExploredRun[], unfinished: string): Promise<void> {
  await mkdir(dirname(unfinished), { recursive: true });
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
}
