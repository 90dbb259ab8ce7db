import { tf } from '@onnx-forge/export';
import { DeviceError } from '@onnx-forge/infer';

/** Backends of tfjs that the eager engine can run on. */
export const BACKENDS = ['cpu', 'wasm', 'tensorflow', 'webgpu'] as const;
export type Backend = (typeof BACKENDS)[number];

/** The packages that bring a backend; none of them but wasm's is installed by default. */
const PACKAGES: Readonly<Record<Backend, readonly string[]>> = {
  cpu: [],
  wasm: ['@tensorflow/tfjs-backend-wasm'],
  tensorflow: ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'],
  webgpu: ['@tensorflow/tfjs-backend-webgpu'],
};

/**
 * Makes tfjs compute on `backend`.
 *
 * @throws DeviceError (`device-unavailable`) that says which package is missing or what it said
 */
export async function useBackend(backend: Backend): Promise<void> {
  const packages = PACKAGES[backend];
  const failures: string[] = [];
  for (const name of packages) {
    const failure = await import(name).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (failure === undefined) break;
    failures.push(failure);
  }
  if (failures.length === packages.length && packages.length > 0) {
    const message = `the tfjs backend '${backend}' can't be loaded (npm install ${packages.at(-1)}): ${failures.at(-1)}`;
    throw new DeviceError('device-unavailable', message, { backend, failures });
  }
  const ready = await tf.setBackend(backend).catch(() => false);
  if (!ready) {
    throw new DeviceError('device-unavailable', `tfjs can't use the backend '${backend}' on this machine`, { backend });
  }
}
