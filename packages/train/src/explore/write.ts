import { cp, lstat, mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { explorerFolder } from '@onnx-forge/viz';
import { TrainError } from '../errors.js';
import { readLog } from '../metrics/log.js';
import { removeLeftoversOf } from '../run/atomic.js';
import { RunFolder } from '../run/folder.js';
import { unwritable } from '../unwritable.js';
import { asRunList, type ExploredRun, type RunList } from './explored-runs.js';
import { runsJson } from './runs-json.js';

/**
 * Writes the explorer page with these runs as a folder of plain files, for any web server. Of a run only what the page
 * loads is copied. The folder appears whole or not at all.
 *
 * @returns how many runs there are
 *
 * @throws TrainError (`out-exists`) when there is something at the path already; `run-unwritable`
 */
export async function writeExplorer(runs: RunList | readonly ExploredRun[], out: string): Promise<number> {
  const target = resolve(out);
  await requireRoom(target, out);
  const unfinished = `${target}.${process.pid}.tmp`;
  await removeLeftoversOf(target);
  try {
    const count = await writeSite(asRunList(runs), unfinished);
    if (await exists(target)) await rmdir(target);
    await rename(unfinished, target);
    return count;
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

async function writeSite(explored: RunList, unfinished: string): Promise<number> {
  await mkdir(dirname(unfinished), { recursive: true });
  await cp(explorerFolder(), unfinished, { recursive: true, filter: (path) => !path.endsWith('.map') });
  for (const folder of ['examples', 'logs']) await mkdir(join(unfinished, folder), { recursive: true });
  const runs = [];
  for (const [number, run] of (await explored.list()).entries()) {
    const place = join(unfinished, 'runs', String(number));
    await mkdir(place, { recursive: true });
    for (const file of run.files) await cp(join(run.folder, file), join(place, file), { recursive: true });
    const log = await readLog(new RunFolder(run.folder).file('log')).catch(() => []);
    await writeFile(join(unfinished, 'logs', `${number}.json`), JSON.stringify(log));
    const examples = await run.examples();
    if (examples) await writeFile(join(unfinished, 'examples', `${number}.safetensors`), examples);
    runs.push({ run, number, hasExamples: examples !== undefined });
  }
  await writeFile(join(unfinished, 'runs.json'), runsJson({ title: explored.title, live: false, runs }));
  return runs.length;
}
