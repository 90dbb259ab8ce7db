import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CACHE, command } from './run.js';

/**
 * Path of a Node of this version (`22`: its newest release), from npm's packages of Node's binaries.
 *
 * @throws Error if the registry has none for this system or can't be reached, and none was fetched before
 */
export async function nodeBinary(version: string): Promise<string> {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(CACHE, `node-${version}`);
  await mkdir(folder, { recursive: true });
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const { code, output } = await command(['npm', 'install', '--prefix', folder, ...options, `${name}@${version}`]);
  const path = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (code !== 0 && !existsSync(path))
    throw new Error(`npm install ${name}@${version}: ${output.trim().split('\n')[0]}`);
  return path;
}
