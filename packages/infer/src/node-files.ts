/**
 * Files in Node: written whole or not at all, and read without waiting for a pipe.
 *
 * @module @onnx-forge/infer/node-files
 */

import type { Stats } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that at any moment, a kill or a power cut included, its name holds either the old content or the new:
 * written beside it, flushed to the disk, renamed. Half-written files that killed processes left are removed.
 *
 * @param beforeRename runs when the new content is on the disk and the old one still has the name
 * @throws the file system's error; the old content is then still there
 */
export async function writeAtomically(
  path: string,
  parts: string | Uint8Array | readonly (string | Uint8Array)[],
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
    // Not rm, which looks at the file first: a look may fail where a removal does not.
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/**
 * The bytes of an ordinary file. A pipe or a device is refused: opening one would wait until something is written to it.
 *
 * @throws Error as the file system's, or one that says what the path is
 */
export async function readRegularFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  refusePipe(await stat(path));
  return readFile(path, signal ? { signal } : undefined);
}

/** @throws Error for anything but a file and a folder */
export function refusePipe(found: Stats): void {
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is a pipe or a device, not a file');
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
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
