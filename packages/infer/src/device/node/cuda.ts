import type { Driver } from '../driver.js';
import { explainError, loadRuntime } from './runtime.js';

const INSTALL = 'node node_modules/onnxruntime-node/script/install --onnxruntime-node-install=cuda12';

/** NVIDIA's CUDA provider (Linux and Windows on x64). Its libraries are 300 MB and not installed by default. */
export const cuda: Driver = {
  device: 'cuda',
  async refusal() {
    const [{ existsSync }, { createRequire }, { join, dirname }] = await Promise.all([
      import('node:fs'),
      import('node:module'),
      import('node:path'),
    ]);
    if (process.arch !== 'x64' || !['linux', 'win32'].includes(process.platform)) {
      return `onnxruntime has no CUDA provider for ${process.platform} ${process.arch}`;
    }
    const package_ = dirname(dirname(createRequire(thisScript()).resolve('onnxruntime-node')));
    const library =
      process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
    // Looked for first: onnxruntime prints to stderr when it misses it.
    return existsSync(join(package_, 'bin', 'napi-v6', process.platform, process.arch, library))
      ? undefined
      : `onnxruntime's CUDA libraries are not installed (${INSTALL})`;
  },
  runtime: loadRuntime,
  options: () => ({ executionProviders: ['cuda'] }),
  explain: explainError,
};

/** Bundled as CommonJS, `import.meta` is empty; the bundle then has its `__filename`. */
function thisScript(): string {
  const { url } = import.meta as { readonly url?: string };
  return url ?? __filename;
}
