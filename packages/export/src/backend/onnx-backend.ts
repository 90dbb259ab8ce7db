import type { DeviceRequest } from '@onnx-forge/infer';
import { loweringTable } from '../lower/index.js';
import { tf } from '../tfjs.js';
import { hostCost } from './host-cost.js';
import { type CpuBackend, cpuBackendClass, hostKernel } from './host-kernels.js';
import { backendLowerings } from './lowerings.js';
import { mayBeRecorded, recordable } from './recordable.js';
import { RecordedWork } from './recorded-work.js';
import { isNumeric, Stored, StoredTensors, type TensorKind } from './stored.js';

/** Name of the backend: `tf.setBackend('onnx')`. */
export const ONNX_BACKEND = 'onnx';

export interface OnnxBackendOptions {
  /** Another name than `onnx`. */
  readonly name?: string;
  /**
   * Kernels that take tfjs's own cpu kernels less time than this (ms, estimated from shapes) run on the host. Default 0.5;
   * 0: all that onnxruntime can do.
   */
  readonly smallest?: number;
  /**
   * Time that opening a graph in onnxruntime may take (ms, estimated; default 30 and 0.2 for each kernel): a piece of work
   * is left to tfjs's cpu kernels until they have taken that long. 0: opened at first sight.
   */
  readonly opening?: number;
  /**
   * Where onnxruntime runs graphs. A device that is not there is an error of the first tensor read that needs it. Default:
   * the environment variable `ONNX_FORGE_DEVICE`, so that programs need no change; else the CPU (in browsers: wasm).
   */
  readonly device?: DeviceRequest;
  /** Threads of each operator of onnxruntime on the CPU. Default 1: small graphs are quicker so. */
  readonly threads?: number;
  /** Whether graphs run in a worker thread, in Node, so that tensors can be read synchronously. Default true. */
  readonly worker?: boolean;
}

/** The part of the backend that its kernels use. */
interface OnnxBackend extends CpuBackend {
  readonly data: StoredTensors;
  readonly work: RecordedWork;
  /** In ns. */
  readonly smallest: number;
}

/**
 * Makes `onnx` a tfjs backend. Small work is done at once on the host; kernels that would take tfjs's cpu kernels long,
 * and what follows from their results, are recorded and run in onnxruntime. In Node a tensor can be read either way; in
 * browsers, a tensor that onnxruntime has still to compute can be read asynchronously only (`await tensor.data()`).
 */
export function registerOnnxBackend(options: OnnxBackendOptions = {}): void {
  const { name = ONNX_BACKEND } = options;
  registerKernels(name);
  tf.registerBackend(name, () => makeBackend(options));
}

function makeBackend({ smallest = 0.5, opening, device, threads = 1, worker = true }: OnnxBackendOptions): OnnxBackend {
  const Cpu = cpuBackendClass();
  return new (class extends Cpu implements OnnxBackend {
    override readonly data = new StoredTensors(this, tf.engine());
    readonly work = new RecordedWork(backendLowerings(), {
      worker,
      placement: { device: device ?? deviceOfEnvironment(), threads },
      ...(opening !== undefined && { opening }),
    });
    readonly smallest = 1e6 * smallest;

    override write(values: tf.backend_util.BackendValues, _shape: number[], dtype: tf.DataType): object {
      return this.data.add(new Stored(dtype, values));
    }

    override move(
      dataId: object,
      values: tf.backend_util.BackendValues,
      _shape: number[],
      dtype: tf.DataType,
      refCount: number,
    ): void {
      this.data.set(dataId, new Stored(dtype, values, refCount));
    }

    override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
      // The tensor may be disposed before its numbers are there.
      const { complexTensorInfos, dtype } = this.data.get(dataId);
      const read = async (id: object, type: tf.DataType): Promise<tf.backend_util.BackendValues> =>
        tf.util.convertBackendValuesAndArrayBuffer((await this.work.read(this.data.get(id)))!, type);
      if (!complexTensorInfos) return read(dataId, dtype);
      const { real, imag } = complexTensorInfos;
      const parts = await Promise.all([read(real.dataId, 'float32'), read(imag.dataId, 'float32')]);
      return tf.backend_util.mergeRealAndImagArrays(parts[0] as Float32Array, parts[1] as Float32Array);
    }

    /** Reads a tensor that is still to be computed, when called; undefined when its numbers are there. */
    deferred(dataId: object): (() => tf.backend_util.BackendValues) | undefined {
      const stored = this.data.get(dataId);
      if (stored.numbers !== undefined || !isNumeric(stored.dtype)) return undefined;
      return () => this.work.compute(stored)!;
    }

    override disposeData(dataId: object, force = false): boolean {
      if (!this.data.has(dataId)) return true;
      const stored = this.data.get(dataId);
      if (--stored.refCount > 0 && !force) return false;
      for (const part of Object.values(stored.complexTensorInfos ?? {})) this.disposeData(part.dataId, true);
      this.data.delete(dataId);
      this.work.forget(stored);
      return true;
    }

    override dispose(): void {
      this.work.dispose();
    }
  })();
}

function deviceOfEnvironment(): DeviceRequest | undefined {
  return (globalThis.process?.env?.ONNX_FORGE_DEVICE || undefined) as DeviceRequest | undefined; // openDevice checks it
}

/** Every kernel of tfjs's cpu backend, in front of those that may be recorded the question whether to. */
function registerKernels(backendName: string): void {
  if (tf.getKernelsForBackend(backendName).length > 0) return;
  const lowerings = loweringTable();
  for (const config of tf.getKernelsForBackend('cpu')) {
    const { kernelName } = config;
    const onHost = hostKernel(kernelName);
    const asked = lowerings.has(kernelName) && mayBeRecorded(kernelName);
    tf.registerKernel({ ...config, backendName, kernelFunc: asked ? recording(kernelName, onHost) : onHost });
  }
}

const NO_ATTRS: tf.NamedAttrMap = {};

/** The kernel, recorded where it is large or an input is still to be computed. Programs of small kernels pay for that question at every call. */
function recording(kernel: string, onHost: tf.KernelFunc): tf.KernelFunc {
  const costOf = hostCost(kernel);
  return (params) => {
    const { inputs, attrs = NO_ATTRS } = params;
    const { data, work, smallest } = params.backend as OnnxBackend;
    const cost = costOf(inputs, attrs);
    if (cost < smallest && (!work.used || allKnown(inputs, data))) return onHost(params);
    return record({ kernel, inputs, attrs, cost }, data, work) ?? onHost(params);
  };
}

interface KernelCall {
  readonly kernel: string;
  readonly inputs: tf.NamedTensorInfoMap;
  readonly attrs: tf.NamedAttrMap;
  /** Of tfjs's cpu kernel, in ns. */
  readonly cost: number;
}

/** The outputs, still to be computed; undefined when the call can't be recorded. */
function record(
  { kernel, inputs, attrs, cost }: KernelCall,
  data: StoredTensors,
  work: RecordedWork,
): tf.TensorInfo | tf.TensorInfo[] | undefined {
  const given: [string, tf.TensorInfo, Stored][] = [];
  for (const [name, info] of Object.entries(inputs)) if (info) given.push([name, info, data.get(info.dataId)]);
  const stored = given.map(([, , one]) => one);
  if (!recordable(kernel, given, attrs)) return undefined;
  const kind = work.kinds.find(kernel, inputs, attrs);
  if (!kind) return undefined;
  const outputs = work.add(kind, stored, cost).map((output, o) => {
    const { dtype, shape } = kind.outputs[o] as TensorKind;
    return { dataId: data.add(output), shape: [...shape], dtype };
  });
  return kind.many ? outputs : outputs[0]!;
}

/** Whether no input is still to be computed. */
function allKnown(inputs: tf.NamedTensorInfoMap, data: StoredTensors): boolean {
  for (const name in inputs) {
    const info = inputs[name];
    if (info && data.get(info.dataId).numbers === undefined) return false;
  }
  return true;
}
