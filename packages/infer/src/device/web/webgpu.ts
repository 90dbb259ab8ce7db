import type { Driver } from '../driver.js';
import { type Adapter, page } from './page.js';
import { explainError, WebRuntime } from './runtime.js';

// After a run that failed, the next run of the same session never returns (1.30).
const runtime = new WebRuntime('webgpu', () => import('onnxruntime-web/webgpu'), { survivesFailures: false });

/** The browser's WebGPU. */
export const webgpu: Driver = {
  device: 'webgpu',
  async refusal(preferred) {
    const gpu = page.navigator?.gpu;
    if (!gpu) {
      return page.isSecureContext === false
        ? 'browsers offer WebGPU to secure pages only (https, or localhost)'
        : 'this browser has no WebGPU';
    }
    const adapter = await gpu.requestAdapter();
    if (!adapter) return 'this browser has WebGPU, but found no graphics adapter for it';
    return preferred && isSoftware(adapter)
      ? 'only a software adapter was found, slower than wasm (ask for it by name)'
      : undefined;
  },
  runtime: (options) => runtime.load(options),
  options: () => ({ executionProviders: ['webgpu'] }),
  explain: explainError,
  async identity() {
    const { vendor, architecture, device, description } = (await page.navigator?.gpu?.requestAdapter())?.info ?? {};
    return [vendor, architecture, device, description].join(', ');
  },
};

function isSoftware({ info, isFallbackAdapter }: Adapter): boolean {
  return (
    (isFallbackAdapter ?? info?.isFallbackAdapter ?? false) || /swiftshader|llvmpipe/i.test(info?.architecture ?? '')
  );
}
