import { type ErrorCatalogue, ForgeError } from '@onnx-forge/infer';
import { describePlace, type Place } from './place.js';

/** A kernel the recorder met and cannot write as ONNX. */
export interface UnsupportedKernel extends Place {
  readonly kernel: string;
  /** Input shapes by the kernel's own names, e.g. `{x: 'float32[2,3]'}`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The function needs kernels that have no lowering; all of them are listed. */
export class UnsupportedKernelError extends ForgeError<'unsupported-kernel'> {
  constructor(kernels: readonly UnsupportedKernel[]) {
    super('unsupported-kernel', `no ONNX lowering for ${kernels.map(describe).join('; ')}`, { kernels });
  }
}

/** A kernel's translation failed, which is a fault of this package: tfjs itself computes it (code `lowering`). */
export class LoweringError extends ForgeError<'lowering'> {
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
export class UnsupportedOperationError extends ForgeError<'unsupported-operation'> {
  constructor(groups: readonly { readonly operations: readonly string[]; readonly reason: string }[]) {
    const list = groups.map(({ operations, reason }) => `${operations.join(', ')} (${reason})`).join('; ');
    super('unsupported-operation', `the graph model has operations that can't be exported: ${list}`, { groups });
  }
}

/** A value was read while tracing: the graph would freeze it. */
export class TracedReadError extends ForgeError<'traced-read'> {
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
export class SyncReadError extends ForgeError<'sync-read'> {
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
export class HostKernelError extends ForgeError<'host-kernel'> {
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
export class TraceMismatchError extends ForgeError<'trace-mismatch'> {
  constructor(message: string, data: Record<string, unknown> = {}) {
    super('trace-mismatch', message, data);
  }
}

/** A compiled step holds something that was changed since: it would go on with the old one. */
export class StepChangedError extends ForgeError<'step-changed'> {
  constructor(message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('step-changed', message, data, options);
  }
}

/** The function or its signature cannot be exported as asked. */
export class SignatureError extends ForgeError<'signature'> {
  constructor(message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('signature', message, data, options);
  }
}

/** A graph that was written is not valid ONNX, so it was not handed out (code `invalid-onnx`). */
export class InvalidModelError extends ForgeError<'invalid-onnx'> {
  constructor(fault: string, options?: ErrorOptions) {
    super('invalid-onnx', `the graph can't be written as a valid ONNX file: ${fault}`, { fault }, options);
  }
}

/** Codes of all errors of this package. */
export type ExportErrorCode =
  | 'unsupported-kernel'
  | 'lowering'
  | 'unsupported-operation'
  | 'traced-read'
  | 'sync-read'
  | 'host-kernel'
  | 'trace-mismatch'
  | 'step-changed'
  | 'signature'
  | 'invalid-onnx'
  | 'verify'
  | 'tfjs-model'
  | 'saved-model-unsupported'
  | 'onnx-import';

/** Meaning and remedy of each error of this package. */
export const EXPORT_ERRORS: ErrorCatalogue<ExportErrorCode> = {
  'unsupported-kernel': {
    error: 'UnsupportedKernelError',
    means:
      'The function needs tfjs kernels that have no ONNX lowering; the message lists all of them with the lines that call them.',
    mend: 'Write these places with other operations: docs/support.md lists the supported kernels.',
  },
  lowering: {
    error: 'LoweringError',
    means: 'A kernel that is supported could not be written as ONNX, though tfjs computes it: a fault of this package.',
    mend: 'Report it with the message; until then write the place differently.',
  },
  'unsupported-operation': {
    error: 'UnsupportedOperationError',
    means: "A graph model has operations that an ONNX graph can't hold.",
    mend: 'Convert the model without them, or export the part before them.',
  },
  'traced-read': {
    error: 'TracedReadError',
    means:
      'A traced function reads the value of a tensor (dataSync, arraySync, or an if on its value), which the graph would freeze.',
    mend: 'Use tf.where, or make the value an input.',
  },
  'sync-read': {
    error: 'SyncReadError',
    means: 'A tensor that is still to be computed is read synchronously, where the onnx backend can not wait.',
    mend: 'Use await tensor.data() or await tensor.array().',
  },
  'host-kernel': {
    error: 'HostKernelError',
    means: 'A kernel that runs outside onnxruntime needs the values of a tensor that is still to be computed.',
    mend: 'Read that tensor first: await tensor.data().',
  },
  'trace-mismatch': {
    error: 'TraceMismatchError',
    means:
      'Two traces of one function differ in more than its free sizes: it depends on state, chance or a size in a way no graph can hold.',
    mend: 'Make what differs an input, or fix the size in the signature.',
  },
  'step-changed': {
    error: 'StepChangedError',
    means:
      'A compiled step would now do something else than when it was compiled: a number of the program or a setting of an optimizer that it holds as a constant was changed.',
    mend: 'Compile the step again, or keep the value in a variable or an input.',
  },
  signature: {
    error: 'SignatureError',
    means:
      'The function or its signature can not be exported as asked: names, types, shapes, inputs that are not used.',
    mend: 'Correct the signature as the message says.',
  },
  'invalid-onnx': {
    error: 'InvalidModelError',
    means:
      'A graph that was written is not valid ONNX, so it was not handed out: a fault of this package, or a limit of the file format.',
    mend: 'Report it, or make the model smaller if the message names a limit.',
  },
  verify: {
    error: 'VerifyError',
    means: 'An exported graph can not be compared with its function: no sizes or inputs suit both.',
    mend: 'Give sizes or samples that the function accepts.',
  },
  'tfjs-model': {
    error: 'SavedModelError',
    means: "A saved model (model.json, its weights, a Keras 3 file) can't be read or written.",
    mend: 'Correct the file or path that the message names.',
  },
  'saved-model-unsupported': {
    error: 'SavedModelUnsupportedError',
    means: 'A TensorFlow SavedModel would have to be run by TensorFlow itself.',
    mend: 'Convert it with tensorflowjs_converter and load it with tf.loadGraphModel.',
  },
  'onnx-import': {
    error: 'OnnxImportError',
    means: "An ONNX file can't be made tfjs code: it is damaged, or has operators or types that can't be trained.",
    mend: 'Correct or export the file again as the message says; it names the node.',
  },
};
