import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isAlive } from '../is-alive.js';
import { unwritable } from '../unwritable.js';

/**
 * Writes a file so that at any moment, a kill or a power cut included, its name holds either the old content or the new:
 * written beside it, flushed to the disk, renamed. What killed processes left of it goes.
 *
 * @param beforeRename runs when the new content is on the disk and the old one still has the name
 * @throws TrainError (`run-unwritable`)
 */
export async function writeAtomically(
  path: string,
  parts: string | Uint8Array | readonly Uint8Array[],
  beforeRename: () => Promise<void> = async () => {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await removeLeftoversOf(path);
  try {
    const file = await open(temporary, 'w');
    try {
      for (const part of typeof parts === 'string' || parts instanceof Uint8Array ? [parts] : parts) {
        await file.writeFile(part);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await beforeRename();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(path, error);
  }
}

/** Removes `PATH.PID.tmp`, the half-written files and folders of processes that are gone. Those that can't be seen or removed are no obstacle. */
export async function removeLeftoversOf(path: string): Promise<void> {
  const [folder, beginning] = [dirname(path), `${basename(path)}.`];
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(beginning) ? /^(\d+)\.tmp$/.exec(name.slice(beginning.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
    }
  }
}

/** Makes a rename in the folder durable. Not every platform lets a folder be opened; there it is left out. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  await folder.sync().catch(() => {});
  await folder.close();
}
