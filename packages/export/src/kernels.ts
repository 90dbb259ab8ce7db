import type { UnsupportedKernel } from './errors.js';
import { fill } from './graph/build.js';
import type { DType, Value } from './graph/value.js';
import { loweringTable } from './lower/index.js';
import type { RecordingBackend } from './recorder.js';
import { tf } from './tfjs.js';

type Inputs = Record<string, tf.TensorInfo | undefined>;

/** Registers every lowering as a kernel of the named backend; done once a name. */
export function registerLowerings(backendName: string): void {
  if (tf.getKernelsForBackend(backendName).length > 0) return;
  for (const [kernelName, { lower }] of loweringTable()) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const recorder = backend as RecordingBackend;
        const values: Record<string, Value> = {};
        for (const [name, info] of Object.entries(inputs)) if (info) values[name] = recorder.recorded(info);
        const result = lower(values, attrs ?? {});
        return isList(result) ? result.map((value) => recorder.adopt(value)) : recorder.adopt(result);
      },
    });
  }
}

function isList(result: Value | readonly Value[]): result is readonly Value[] {
  return Array.isArray(result);
}

/**
 * Stands in for the kernels that have no lowering, so that one trace finds all of them: each is reported, and its
 * outputs take the shapes that tfjs's cpu backend gives for zeros.
 */
export function registerStandIns(backendName: string, report: (kernel: UnsupportedKernel) => void): () => void {
  const known = new Set(tf.getKernelsForBackend(backendName).map(({ kernelName }) => kernelName));
  const added: string[] = [];
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (known.has(kernelName)) continue;
    added.push(kernelName);
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const at = userLine(new Error().stack ?? '');
        report({ kernel: kernelName, inputs: describe(inputs), ...(at && { at }) });
        const recorder = backend as RecordingBackend;
        const outputs = runOnZeros(kernelFunc, inputs, attrs);
        const adopted = [outputs].flat().map(({ shape, dtype }) => recorder.adopt(fill(0, dtype as DType, shape)));
        return Array.isArray(outputs) ? adopted : adopted[0]!;
      },
    });
  }
  return () => {
    for (const kernelName of added) tf.unregisterKernel(kernelName, backendName);
  };
}

function describe(inputs: Inputs): Record<string, string> {
  const present = Object.entries(inputs).filter(([, info]) => info);
  return Object.fromEntries(present.map(([name, info]) => [name, `${info!.dtype}[${info!.shape}]`]));
}

function runOnZeros(
  kernel: tf.KernelFunc,
  inputs: Inputs,
  attrs: tf.NamedAttrMap | undefined,
): tf.TensorInfo | tf.TensorInfo[] {
  const cpu = tf.findBackend('cpu') as tf.KernelBackend;
  const zeros = (info: tf.TensorInfo): tf.TensorInfo => {
    const values = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(info.shape), info.dtype as 'float32');
    return { dataId: cpu.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
  };
  const standIns: Inputs = Array.isArray(inputs) ? ([] as unknown as Inputs) : {};
  for (const [name, info] of Object.entries(inputs)) if (info) standIns[name] = zeros(info);
  const outputs = kernel({ inputs: standIns, backend: cpu, ...(attrs && { attrs }) });
  for (const info of [...Object.values(standIns), ...[outputs].flat()]) if (info) cpu.disposeData(info.dataId);
  return outputs;
}

/** The innermost stack line outside this package and tfjs. */
function userLine(stack: string): string | undefined {
  const line = stack
    .split('\n')
    .find((entry) => /^\s+at /.test(entry) && !/node_modules|packages[\\/]export[\\/]|node:/.test(entry));
  return line
    ?.trim()
    .replace(/^at (?:.*\()?(?:file:\/\/)?/, '')
    .replace(/\)$/, '');
}
