import { tf } from '../tfjs.js';
import type { Piece } from './piece.js';
import { type HostBackend, QUICK_KERNELS } from './quick/index.js';
import { type Numbers, type NumericType, numbersOf, type Stored } from './stored.js';

/** tfjs's cpu backend, whose class tfjs does not export. */
export interface CpuBackend extends tf.KernelBackend {
  readonly data: tf.DataStorage<Stored>;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType, values: tf.backend_util.BackendValues): tf.TensorInfo;
}

export type CpuBackendClass = new () => CpuBackend;

/** The class of tfjs's cpu backend. */
export function cpuBackendClass(): CpuBackendClass {
  const cpu = tf.findBackend('cpu');
  if (!cpu) throw new Error("tfjs's cpu backend is not registered");
  return cpu.constructor as CpuBackendClass;
}

const NO_ATTRS: tf.NamedAttrMap = {};

/** A kernel on data of the host: one of ours, for what it does not do tfjs's cpu kernel. */
export function hostKernel(kernel: string): tf.KernelFunc {
  const { kernelFunc } = tf.getKernel(kernel, 'cpu')!;
  const quick = QUICK_KERNELS.get(kernel);
  if (!quick) return kernelFunc;
  return (params) => {
    const { inputs, attrs = NO_ATTRS, backend } = params;
    return quick(inputs, attrs, backend as HostBackend) ?? kernelFunc(params);
  };
}

/** Runs pieces by kernels on the host, in a backend of its own: the program's count of tensors does not see it. */
export class HostKernels {
  #backend: CpuBackend | undefined;

  run(piece: Piece): void {
    tf.tidy(() => this.#run(piece)); // a few kernels make tensors on their way
  }

  #run({ calls, outputs, leaves }: Piece): void {
    this.#backend ??= new (cpuBackendClass())();
    const backend = this.#backend;
    const kept = new Set([...outputs, ...leaves.map(({ stored }) => stored)]);
    const lastUse = new Map<Stored, number>();
    for (const [c, { inputs }] of calls.entries()) for (const input of inputs) lastUse.set(input, c);
    for (const [c, { kind, inputs, outputs: results }] of calls.entries()) {
      const infos = inputs.map((input, i) => {
        const { dtype, shape } = kind.inputs[i]!;
        return backend.makeTensorInfo([...shape], dtype, numbersOf(input.numbers!, dtype));
      });
      const named = kind.names ? Object.fromEntries(kind.names.map((name, i) => [name, infos[i]!])) : infos;
      const made = hostKernel(kind.kernel)({ inputs: named as tf.NamedTensorInfoMap, attrs: kind.attrs, backend });
      for (const [o, { dataId }] of [made].flat().entries()) {
        const result = results[o]!;
        result.numbers = numbersOf(backend.data.get(dataId).values as Numbers, result.dtype as NumericType);
      }
      for (const { dataId } of [...infos, made].flat()) backend.disposeData(dataId, true);
      for (const input of inputs) if (lastUse.get(input) === c && !kept.has(input)) input.numbers = undefined;
    }
  }
}
