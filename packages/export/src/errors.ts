import { ForgeError } from '@onnx-forge/infer';
import { describePlace, type Place } from './place.js';

/** A kernel the recorder met and cannot write as ONNX. */
export interface UnsupportedKernel extends Place {
  readonly kernel: string;
  /** Input shapes by the kernel's own names, e.g. `{x: 'float32[2,3]'}`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The function needs kernels that have no lowering; all of them are listed. */
export class UnsupportedKernelError extends ForgeError {
  constructor(kernels: readonly UnsupportedKernel[]) {
    super('unsupported-kernel', `no ONNX lowering for ${kernels.map(describe).join('; ')}`, { kernels });
  }
}

/** A kernel's translation failed, which is a fault of this package: tfjs itself computes it (code `lowering`). */
export class LoweringError extends ForgeError {
  constructor(kernel: UnsupportedKernel, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      'lowering',
      `onnx-forge failed to write ${describe(kernel)} as ONNX, please report it: ${reason}`,
      { kernel },
      { cause },
    );
  }
}

function describe({ kernel, inputs, ...place }: UnsupportedKernel): string {
  const list = Object.entries(inputs).map(([name, type]) => `${name} ${type}`);
  return `${kernel}(${list.join(', ')})${describePlace(place)}`;
}

/** A graph model has operations that no ONNX graph can hold (code `unsupported-operation`); all of them are listed. */
export class UnsupportedOperationError extends ForgeError {
  constructor(groups: readonly { readonly operations: readonly string[]; readonly reason: string }[]) {
    const list = groups.map(({ operations, reason }) => `${operations.join(', ')} (${reason})`).join('; ');
    super('unsupported-operation', `the graph model has operations that can't be exported: ${list}`, { groups });
  }
}

/** A value was read while tracing: the graph would freeze it. */
export class TracedReadError extends ForgeError {
  constructor(dtype: string, shape: readonly number[], place: Place = {}) {
    super(
      'traced-read',
      `a ${dtype}[${shape}] tensor was read inside a traced function${describePlace(place)} (dataSync, arraySync or an ` +
        'if on its value): a graph cannot depend on values, use tf.where or make it an input',
      { dtype, shape, ...place },
    );
  }
}

/** `dataSync`, `arraySync` or the like of a tensor that onnxruntime has still to compute, where one can't wait for it. */
export class SyncReadError extends ForgeError {
  constructor(dtype: string, shape?: readonly number[]) {
    super(
      'sync-read',
      `a computed ${dtype}${shape ? `[${shape}]` : ''} tensor cannot be read synchronously on the onnx backend here: ` +
        'use await tensor.data() or await tensor.array()',
      { dtype, ...(shape && { shape }) },
    );
  }
}

/** A kernel that runs in memory, not in onnxruntime, met a tensor that is still to be computed. */
export class HostKernelError extends ForgeError {
  constructor(kernel: string, input: string) {
    super(
      'host-kernel',
      `${kernel} runs outside onnxruntime and needs the values of '${input}', which are still to be computed: ` +
        'read that tensor first (await tensor.data())',
      { kernel, input },
    );
  }
}

/** Two traces of one function differ in a way that no free dimension explains. */
export class TraceMismatchError extends ForgeError {
  constructor(message: string, data: Record<string, unknown> = {}) {
    super('trace-mismatch', message, data);
  }
}

/** A compiled step holds something that was changed since: it would go on with the old one. */
export class StepChangedError extends ForgeError {
  constructor(message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('step-changed', message, data, options);
  }
}

/** The function or its signature cannot be exported as asked. */
export class SignatureError extends ForgeError {
  constructor(message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('signature', message, data, options);
  }
}

/** A graph that was written is not valid ONNX, so it was not handed out (code `invalid-onnx`). */
export class InvalidModelError extends ForgeError {
  constructor(fault: string) {
    super('invalid-onnx', `the graph can't be written as a valid ONNX file: ${fault}`, { fault });
  }
}
