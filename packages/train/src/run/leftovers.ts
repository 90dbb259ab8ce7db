import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '@onnx-forge/infer/node-files';
import { unwritable } from '../unwritable.js';

/** Removes files that a killed process left half-written below a run folder (see `writeAtomically`). */
export async function removeLeftovers(run: string): Promise<void> {
  const names = await readdir(run, { recursive: true }).catch((error: unknown) => {
    throw unwritable(run, error);
  });
  for (const name of names) {
    const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(run, name), { force: true }).catch((error: unknown) => {
      throw unwritable(join(run, name), error);
    });
  }
}
