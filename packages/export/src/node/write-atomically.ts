import { open, rename, rm } from 'node:fs/promises';

/**
 * Writes a file so that its name holds either the old content or all of the new at any moment: written beside it, flushed to
 * the disk, renamed.
 */
export async function writeAtomically(path: string, parts: readonly (string | Uint8Array)[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
