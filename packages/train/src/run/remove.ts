import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadManifest, MANIFEST_FILE } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import { loadCheckpoint } from './checkpoint.js';
import { RunFolder } from './folder.js';
import { isLocked, LOCK_FILES, lockRun } from './lock.js';
import { runStanding } from './status.js';

/** Parts of a run folder that a deletion would take away. */
export interface RemovableRun {
  readonly path: string;
  /** Names in the folder. */
  readonly entries: readonly string[];
  /** Files of others in the folder: they stay, and so does the folder. */
  readonly others: readonly string[];
  readonly bytes: number;
}

/**
 * Finds a run that is to be deleted, and looks at what is in its folder.
 *
 * @throws TrainError (`run-undeletable`) when there is no run of that name, or it is a link; (`run-locked`) when it is being trained
 */
export async function removableRun(given: string): Promise<RemovableRun> {
  // Without a slash at the end, which would follow a link.
  const path = resolve(given);
  const refuse = (reason: string) => new TrainError('run-undeletable', `${given} ${reason}`, { path });
  const entry = await lstat(path).catch(() => undefined);
  if (entry === undefined) throw refuse('is not there');
  if (entry.isSymbolicLink()) throw refuse('is a link: name the run folder that it leads to');
  if (!entry.isDirectory()) throw refuse('is no folder');
  if (!(await isRun(path)))
    throw refuse('is no run folder: neither manifest.json, status.json nor the checkpoint is of a run');
  if (await isLocked(path)) {
    throw new TrainError('run-locked', `${given} is being trained: stop the training first`, { path });
  }
  const { own, others } = await new RunFolder(path).entries();
  let bytes = 0;
  for (const name of own) bytes += await sizeOf(join(path, name));
  return { path, entries: own, others, bytes };
}

/** Deletes a run: its own entries, links among them and not what they lead to; then the folder, if nothing else is in it. */
export async function removeRun(run: RemovableRun): Promise<void> {
  const { path } = run;
  {
    // Nobody may begin to train there meanwhile.
    await using _ = await lockRun(path);
    // The manifest first: what is left by a kill does not look like a whole run.
    const names = run.entries.filter((name) => !LOCK_FILES.includes(name));
    for (const name of [...new Set([MANIFEST_FILE, ...names])]) {
      await rm(join(path, name), { recursive: true, force: true });
    }
  }
  if (run.others.length === 0) await rmdir(path);
}

/** Whether one of its files says so: a folder that merely has files of such names is none. */
async function isRun(path: string): Promise<boolean> {
  const { status } = await runStanding(new RunFolder(path));
  if (status !== undefined) return true;
  const isWhole = await loadManifest(path, { kinds: 'any' }).then(Boolean, () => false);
  return isWhole || (await loadCheckpoint(path).then(Boolean, () => false));
}

/** Bytes of a file, or of all files below a folder; links count nothing. */
async function sizeOf(path: string): Promise<number> {
  const entry = await lstat(path);
  if (!entry.isDirectory()) return entry.isFile() ? entry.size : 0;
  let bytes = 0;
  for (const name of await readdir(path)) bytes += await sizeOf(join(path, name));
  return bytes;
}
