import { randomUUID } from 'node:crypto';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ForgeError } from '@onnx-forge/infer';
import { messageOf } from './errors.js';

/**
 * Makes a folder and tries that files can be made in it: found out before the work, not after.
 *
 * @throws ForgeError (`output-unwritable`)
 */
export async function requireWritableFolder(folder: string): Promise<void> {
  const probe = join(folder, `.onnx-forge-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    const path = resolve(folder);
    const message = `can't write to the folder ${path}: ${messageOf(error)}`;
    throw new ForgeError('output-unwritable', message, { path }, { cause: error });
  }
}

/** The same for a file that will be written; one that is there will be replaced, a folder of that name will not. */
export async function requireWritableFile(file: string): Promise<void> {
  const entry = await stat(file).catch(() => undefined);
  if (entry !== undefined && !entry.isFile()) {
    const path = resolve(file);
    throw new ForgeError('output-unwritable', `can't write ${path}: it is there and is no file`, { path });
  }
  await requireWritableFolder(dirname(resolve(file)));
}
