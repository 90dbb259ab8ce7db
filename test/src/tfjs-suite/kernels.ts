import type { KernelConfig } from '@tensorflow/tfjs-core';

/** The part of tfjs-core that registers kernels. */
export type Core = Pick<
  typeof import('@tensorflow/tfjs-core'),
  'getKernelsForBackend' | 'registerKernel' | 'unregisterKernel'
>;

/** Records which kernels the engine dispatches. Kernels that a kernel calls directly are not seen: they need no lowering. */
export class KernelLog {
  #seen = new Set<string>();

  constructor(core: Core, backend: string) {
    for (const kernel of [...core.getKernelsForBackend(backend)]) {
      const { kernelName, kernelFunc } = kernel;
      const logged: KernelConfig = {
        ...kernel,
        kernelFunc: (parameters) => {
          this.#seen.add(kernelName);
          return kernelFunc(parameters);
        },
      };
      core.unregisterKernel(kernelName, backend);
      core.registerKernel(logged);
    }
  }

  /** The kernels since the last call, in order of first use. */
  take(): string[] {
    const names = [...this.#seen];
    this.#seen.clear();
    return names;
  }
}
