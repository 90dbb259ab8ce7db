import { readFile, stat } from 'node:fs/promises';

/**
 * The bytes of an ordinary file. A pipe or a device is refused: it would be waited for without end.
 *
 * @throws Error as the file system's, or one that says what the path is
 */
export async function readRegularFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  const found = await stat(path);
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is a pipe or a device, not a file');
  return readFile(path, signal ? { signal } : undefined);
}
