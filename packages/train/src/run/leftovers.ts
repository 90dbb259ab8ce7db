import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './lock.js';

/** Removes files that a killed process left half-written below a run folder (see `writeAtomically`). */
export async function removeLeftovers(run: string): Promise<void> {
  for (const name of await readdir(run, { recursive: true })) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(run, name), { force: true });
  }
}
