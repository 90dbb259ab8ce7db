import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** A tfjs backend that can be put under tfjs-core's own tests. */
export interface SuiteBackend {
  /** Statements that register the backend under the key's name. */
  readonly register: string;
  /** Whether to run the 59 specs that read with `dataSync`. A backend that can't is judged by them all the same. */
  readonly isDataSync: boolean;
}

/** `cpu` is the baseline: tfjs's own reference backend passes every spec. */
export const suiteBackends: Readonly<Record<string, SuiteBackend>> = {
  cpu: { register: `import '@tensorflow/tfjs-backend-cpu';`, isDataSync: true },
  onnx: {
    register: `import { registerOnnxBackend } from '@onnx-forge/export'; registerOnnxBackend();`,
    isDataSync: true,
  },
  // Every kernel that can be recorded is, and runs in onnxruntime.
  'onnx-recorded': {
    register: `import { registerOnnxBackend } from '@onnx-forge/export';
      registerOnnxBackend({ name: 'onnx-recorded', smallest: 0, opening: 0 });`,
    isDataSync: true,
  },
  // Every kernel in onnxruntime, complex numbers too.
  'onnx-graph': {
    register: `import { registerGraphBackend } from '@onnx-forge/export'; registerGraphBackend();`,
    isDataSync: true,
  },
};

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Bundles tfjs-core's specs (`dist/tests.js` of the npm package) together with one backend.
 *
 * The bundle holds ONE copy of tfjs-core: `mainFields` sends every `@tensorflow/*` import to the ES modules that the specs
 * import by relative path. `ignoreAnnotations` keeps the spec files, which the package declares free of side effects.
 *
 * @returns the path of the bundle, an ES module that exports the engine as `core`; it expects jasmine's globals.
 */
export async function bundleSuite(backendName: string): Promise<string> {
  const backend = suiteBackends[backendName];
  if (backend === undefined) {
    throw new Error(`unknown backend '${backendName}'; the suite knows ${Object.keys(suiteBackends).join(', ')}`);
  }
  const outfile = join(repository, 'node_modules/.cache/onnx-forge', `tfjs-suite-${backendName}-${process.pid}.mjs`);
  await mkdir(dirname(outfile), { recursive: true });
  const dist = '@tensorflow/tfjs-core/dist';
  await build({
    stdin: {
      contents: `
        import * as core from '${dist}/index.js';
        import '${dist}/register_all_gradients.js';
        import '${dist}/public/chained_ops/register_all_chained_ops.js';
        ${backend.register}
        import { setTestEnvs } from '${dist}/jasmine_util.js';
        const environment = { name: '${backendName}', backendName: '${backendName}', isDataSync: ${backend.isDataSync} };
        setTestEnvs([environment]);
        // Dynamic, so that the specs are declared after the environment they run in.
        await import('${dist}/tests.js');
        export { core };`,
      resolveDir: repository,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
    mainFields: ['module', 'main'],
    ignoreAnnotations: true,
    external: ['jasmine-core', 'onnxruntime-node', 'onnxruntime-web'],
    logLevel: 'error',
  });
  return outfile;
}
