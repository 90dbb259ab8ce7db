import { ForgeError } from '@onnx-forge/infer';
import { fill } from '../graph/build.js';
import type { Content } from '../graph/content.js';
import type { Dialect } from '../graph/dialect.js';
import type { DType } from '../graph/value.js';
import { complex, lowerComplex } from '../lower/complex.js';
import { loweringTable } from '../lower/index.js';
import type { KernelInputs, Lowering } from '../lower/lowering.js';
import { tf } from '../tfjs.js';
import { HOST_KERNELS, type HostInputs, runOnHost } from './host.js';
import type { RecordingBackend } from './recorder.js';

/** Registers every lowering as a kernel of the named backend; done once a name. */
export function registerLowerings(backendName: string): void {
  if (tf.getKernel('Identity', backendName)) return; // a look through all kernels would take longer than a small trace
  for (const lowering of loweringTable().values()) {
    register(backendName, lowering.kernel, (lists, attrs, dialect) => {
      const inputs = lists as Readonly<Record<string, Content>>;
      const dtypes = new Set<unknown>(Object.values(inputs).map(({ dtype }) => dtype)).add(attrs.dtype);
      if (dtypes.has('string')) return runOnHost(lowering.kernel, inputs, attrs);
      const parts = dtypes.has('complex64') && !takesComplex.has(lowering);
      return parts ? lowerComplex(lowering, inputs, attrs) : lowering.lower(inputs as KernelInputs, attrs, dialect);
    });
  }
}

/** Registers the kernels that no graph can hold; for a backend that evaluates, not for one that traces. */
export function registerHostKernels(backendName: string): void {
  for (const kernel of HOST_KERNELS) {
    if (tf.getKernel(kernel, backendName)) continue;
    register(backendName, kernel, (inputs, attrs) => runOnHost(kernel, inputs, attrs));
  }
}

/** The kernels made for complex numbers; the others are lifted to them. */
const takesComplex: ReadonlySet<Lowering> = new Set(complex);

function register(
  backendName: string,
  kernelName: string,
  run: (inputs: HostInputs, attrs: tf.NamedAttrMap, dialect: Dialect) => Content | readonly Content[],
): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => {
      const recorder = backend as RecordingBackend;
      const contents: Record<string, Content | Content[]> = {};
      for (const [name, info] of Object.entries(inputs)) {
        if (Array.isArray(info)) contents[name] = info.map((each) => recorder.content(each));
        else if (info) contents[name] = recorder.content(info);
      }
      const result = attempted(recorder, kernelName, inputs, attrs, () => run(contents, attrs ?? {}, recorder.dialect));
      recorder.onKernel?.(kernelName, contents, attrs ?? {}, [result].flat());
      // A kernel that changes nothing shares its input's data, as on tfjs's own backends: gradients rely on it.
      const handle = (content: Content): tf.TensorInfo => {
        const same = Object.values(inputs).find((info) => info && recorder.holds(info, content));
        return same ? recorder.share(same) : recorder.adopt(content);
      };
      return isList(result) ? result.map(handle) : handle(result);
    },
  });
}

/**
 * A lowering's result. Where it fails and tfjs's own kernel does not, the fault is in the lowering, not in the function that is
 * being traced, which would rightly fail at sizes that it is not made for.
 */
function attempted<T>(
  recorder: RecordingBackend,
  kernelName: string,
  inputs: TensorInfos,
  attrs: tf.NamedAttrMap | undefined,
  run: () => T,
): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ForgeError || !recorder.onFault || !isTaken(kernelName, inputs, attrs)) throw error;
    return recorder.onFault(kernelName, describe(inputs), error);
  }
}

/** Whether tfjs's cpu backend computes something of tensors of these shapes. */
function isTaken(kernelName: string, inputs: TensorInfos, attrs: tf.NamedAttrMap | undefined): boolean {
  const kernel = tf.getKernel(kernelName, 'cpu');
  if (!kernel) return false;
  try {
    const shapes = [runOnZeros(kernel.kernelFunc, inputs, attrs)].flat().map(({ shape }) => shape);
    // It computes some shapes of sizes that it can't have: fractions, or less than nothing.
    return shapes.every((shape) => shape.every((n) => Number.isInteger(n) && n > 0));
  } catch {
    return false;
  }
}

function isList(result: Content | readonly Content[]): result is readonly Content[] {
  return Array.isArray(result);
}

/**
 * Stands in for the kernels that have no lowering, so that one trace finds all of them: each is reported to the recorder,
 * and its outputs take the shapes that tfjs's cpu backend gives for zeros.
 */
export function registerStandIns(backendName: string): void {
  const known = new Set(tf.getKernelsForBackend(backendName).map(({ kernelName }) => kernelName));
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('cpu')) {
    if (known.has(kernelName)) continue;
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const recorder = backend as RecordingBackend;
        recorder.onUnsupported?.(kernelName, describe(inputs));
        const outputs = runOnZeros(kernelFunc, inputs, attrs);
        const adopted = [outputs].flat().map(({ shape, dtype }) => recorder.adopt(fill(0, dtype as DType, shape)));
        return Array.isArray(outputs) ? adopted : adopted[0]!;
      },
    });
  }
}

type TensorInfos = Readonly<Record<string, tf.TensorInfo | tf.TensorInfo[] | undefined>>;

function describe(inputs: TensorInfos): Record<string, string> {
  const present = Object.entries(inputs).flatMap(([name, info]) => (info ? [[name, [info].flat()] as const] : []));
  const types = present.map(([name, list]) => [name, list.map(({ dtype, shape }) => `${dtype}[${shape}]`).join(', ')]);
  return Object.fromEntries(types);
}

function runOnZeros(
  kernel: tf.KernelFunc,
  inputs: TensorInfos,
  attrs: tf.NamedAttrMap | undefined,
): tf.TensorInfo | tf.TensorInfo[] {
  const cpu = tf.findBackend('cpu') as tf.KernelBackend;
  const zeros = (info: tf.TensorInfo): tf.TensorInfo => {
    const values = tf.util.makeZerosTypedArray(tf.util.sizeFromShape(info.shape), info.dtype as 'float32');
    return { dataId: cpu.write(values, info.shape, info.dtype), shape: info.shape, dtype: info.dtype };
  };
  const standIns: Record<string, tf.TensorInfo | tf.TensorInfo[]> = Array.isArray(inputs) ? ([] as never) : {};
  for (const [name, info] of Object.entries(inputs)) {
    if (info) standIns[name] = Array.isArray(info) ? info.map(zeros) : zeros(info);
  }
  const outputs = kernel({ inputs: standIns as tf.NamedTensorInfoMap, backend: cpu, ...(attrs && { attrs }) });
  for (const { dataId } of [Object.values(standIns), outputs].flat(2)) cpu.disposeData(dataId);
  return outputs;
}
