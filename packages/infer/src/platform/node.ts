import { cpu } from '../device/node/cpu.js';
import { cuda } from '../device/node/cuda.js';
import { webgpu } from '../device/node/webgpu.js';
import { InputError } from '../errors.js';
import type { Platform } from './platform.js';

export const platform: Platform = {
  drivers: [cuda, webgpu, cpu],

  elsewhere: { wasm: "it is the browsers'; in Node 'cpu' runs the same graphs, and faster" },

  async openFolder(path) {
    const [{ FolderSource }, { fileURLToPath }] = await Promise.all([
      import('../source/folder-source.js'),
      import('node:url'),
    ]);
    if (!/^file:/i.test(path)) {
      const [scheme] = /^(blob|data):|^[a-z][a-z\d+.-]+:(?=\/\/)/i.exec(path) ?? [];
      if (scheme === undefined) return new FolderSource(path);
      throw new InputError(`a run is loaded from a folder, an http(s) or a file: URL, not from a ${scheme} URL`);
    }
    try {
      return new FolderSource(fileURLToPath(path));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(`'${path}' is no file of this machine: ${reason}`, { path }, { cause: error });
    }
  },

  async withTemporaryFile(work) {
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
  },

  explainFetch: async () => undefined,
};
