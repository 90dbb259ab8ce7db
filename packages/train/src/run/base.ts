import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unwritable } from '../unwritable.js';
import { writeAtomically } from './atomic.js';
import type { RunFolder } from './folder.js';

/** Writes the files that a recipe can't be made again without into the run's folder `base`. */
export async function keepBase(run: RunFolder, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    const path = run.file('base', name);
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw unwritable(path, error);
    });
    await writeAtomically(path, [bytes]);
  }
}
