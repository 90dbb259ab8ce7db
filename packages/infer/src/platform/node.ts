import { cpu } from '../device/cpu.js';
import { cuda } from '../device/cuda.js';
import type { Driver } from '../device/driver.js';
import { webgpu } from '../device/webgpu.js';
import type { RunSource } from '../source.js';

/** The devices of Node, in the order in which `auto` prefers them. */
export const drivers: readonly Driver[] = [cuda, webgpu, cpu];

/** A run at a path of this platform, or at a file: URL. */
export async function openFolder(path: string): Promise<RunSource> {
  const [{ FolderSource }, { fileURLToPath }] = await Promise.all([import('./node-folder.js'), import('node:url')]);
  return new FolderSource(path.startsWith('file:') ? fileURLToPath(path) : path);
}

/** Calls `work` with the start of a file path; returns the text of the file that it left there. */
export async function withTemporaryFile(work: (prefix: string) => Promise<void>): Promise<string> {
  const [{ mkdtemp, readdir, readFile, rm }, { tmpdir }, { join }] = await Promise.all([
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-'));
  try {
    await work(join(folder, 'profile'));
    const [file] = await readdir(folder);
    return await readFile(join(folder, file ?? ''), 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
