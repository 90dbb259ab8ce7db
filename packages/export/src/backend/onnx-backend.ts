import { loweringTable } from '../lower/index.js';
import { tf } from '../tfjs.js';
import type { TensorKind } from './calls.js';
import { hostCost } from './host-cost.js';
import { type CpuBackend, cpuBackendClass } from './host-kernels.js';
import { RecordedWork } from './recorded-work.js';
import { isNumeric, Stored } from './stored.js';

/** Name of the backend: `tf.setBackend('onnx')`. */
export const ONNX_BACKEND = 'onnx';

/** Kernels that tfjs's own would run faster than this (ns, estimated) are run at once when their inputs are there. */
const SMALL = 0.5e6;

/** What the kernels of the backend need of it. */
interface OnnxBackend extends CpuBackend {
  readonly work: RecordedWork;
}

/**
 * Makes `onnx` a tfjs backend. Small work is done at once by tfjs's own cpu kernels; kernels that would take those long,
 * and what follows from their results, are recorded and run in onnxruntime. In Node a tensor can be read either way; in
 * browsers, a tensor that onnxruntime has still to compute can be read asynchronously only (`await tensor.data()`).
 */
export function registerOnnxBackend(): void {
  registerKernels();
  tf.registerBackend(ONNX_BACKEND, makeBackend);
}

function makeBackend(): OnnxBackend {
  const Cpu = cpuBackendClass();
  return new (class extends Cpu implements OnnxBackend {
    readonly work = new RecordedWork(loweringTable());

    override write(values: tf.backend_util.BackendValues, _shape: number[], dtype: tf.DataType): object {
      const dataId = {};
      this.data.set(dataId, this.#stored(values, dtype, 1));
      return dataId;
    }

    override move(
      dataId: object,
      values: tf.backend_util.BackendValues,
      _shape: number[],
      dtype: tf.DataType,
      refCount: number,
    ): void {
      this.data.set(dataId, this.#stored(values, dtype, refCount));
    }

    override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
      const { complexTensorInfos } = this.data.get(dataId);
      const parts = complexTensorInfos ? [complexTensorInfos.real, complexTensorInfos.imag] : [{ dataId }];
      await Promise.all(parts.map((part) => this.work.read(this.data.get(part.dataId))));
      return this.readSync(dataId);
    }

    override disposeData(dataId: object, force = false): boolean {
      const stored = this.data.has(dataId) ? this.data.get(dataId) : undefined;
      const disposed = super.disposeData(dataId, force);
      if (stored && !this.data.has(dataId)) this.work.forget(stored);
      return disposed;
    }

    #stored(values: tf.backend_util.BackendValues, dtype: tf.DataType, refCount: number): Stored {
      const stored = new Stored(dtype, values, (pending) => this.work.compute(pending));
      stored.refCount = refCount;
      stored.borrowed = values !== undefined;
      return stored;
    }
  })();
}

/** Every kernel of tfjs's cpu backend, in front of it the question whether to record it. */
function registerKernels(): void {
  if (tf.getKernelsForBackend(ONNX_BACKEND).length > 0) return;
  for (const config of tf.getKernelsForBackend('cpu')) {
    const { kernelName, kernelFunc } = config;
    tf.registerKernel({
      ...config,
      backendName: ONNX_BACKEND,
      kernelFunc: (params) => record(kernelName, params) ?? kernelFunc(params),
    });
  }
}

function record(
  kernel: string,
  { inputs, attrs = {}, backend }: Parameters<tf.KernelFunc>[0],
): tf.TensorInfo | tf.TensorInfo[] | undefined {
  const { data, work } = backend as OnnxBackend;
  if (!work.kinds.knows(kernel)) return undefined;
  const stored: Stored[] = [];
  let known = true;
  for (const info of Object.values(inputs)) {
    if (!info) continue;
    if (!isNumeric(info.dtype)) return undefined;
    const one = data.get(info.dataId);
    stored.push(one);
    if (one.numbers === undefined) known = false;
  }
  const cost = hostCost(kernel, inputs, attrs);
  if (known && cost < SMALL) return undefined;
  const kind = work.kinds.find(kernel, inputs, attrs);
  if (!kind) return undefined;
  const outputs = work.add(kind, stored, cost).map((output, o) => {
    const { dtype, shape } = kind.outputs[o] as TensorKind;
    const dataId = {};
    data.set(dataId, output);
    return { dataId, shape: [...shape], dtype };
  });
  return kind.many ? outputs : outputs[0]!;
}
