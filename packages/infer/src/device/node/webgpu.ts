import type { Driver } from '../driver.js';
import { explainError, loadRuntime } from './runtime.js';

/** WebGPU through Dawn, which onnxruntime-node bundles: Vulkan on Linux, Direct3D 12 on Windows, Metal on macOS. */
export const webgpu: Driver = {
  device: 'webgpu',
  async refusal(preferred) {
    // Dawn prefers hardware adapters, but onnxruntime does not say which kind it got. On Linux a software rasteriser
    // (SwiftShader) is what is left where no graphics device exists; it works, far slower than the CPU provider.
    if (!preferred || process.platform !== 'linux' || (await hasGraphicsDevice())) return undefined;
    return 'no graphics device on this machine (a software adapter, if any, must be asked for by name)';
  },
  runtime: loadRuntime,
  options: () => ({ executionProviders: ['webgpu'] }),
  explain: (error) =>
    /adapter/i.test(explainError(error))
      ? 'no WebGPU adapter was found (on Linux: is libvulkan1 installed, and a Vulkan driver for the graphics card?)'
      : explainError(error),
};

/** Render nodes of the kernel's graphics drivers, NVIDIA's own, and WSL's. */
async function hasGraphicsDevice(): Promise<boolean> {
  const { readdir } = await import('node:fs/promises');
  const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
  const [devices, render] = await Promise.all([list('/dev'), list('/dev/dri')]);
  return render.some((name) => name.startsWith('renderD')) || devices.some((name) => /^(nvidia\d+|dxg)$/.test(name));
}
