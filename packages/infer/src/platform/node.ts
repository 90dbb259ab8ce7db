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
