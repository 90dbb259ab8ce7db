import type { Driver } from '../driver.js';
import { page } from './page.js';
import { explainError, WebRuntime } from './runtime.js';

const runtime = new WebRuntime('wasm', () => import('onnxruntime-web/wasm'), { survivesFailures: true });

/** The browser's CPU: WebAssembly with SIMD; with threads where the page is cross-origin isolated. */
export const wasm: Driver = {
  device: 'wasm',
  refusal: async () => (page.WebAssembly ? undefined : 'this browser has no WebAssembly'),
  runtime: (options) => runtime.load(options),
  options: () => ({ executionProviders: ['wasm'] }),
  explain: explainError,
  // onnxruntime-web makes the default of the cores, on isolated pages.
  identity: async ({ threads }) =>
    `threads ${threads ?? 'default'}, cores ${page.navigator?.hardwareConcurrency}, isolated ${page.crossOriginIsolated}`,
};
