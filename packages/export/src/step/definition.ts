import type { BatchArrays, BatchSpec, DeviceOptions, Random } from '@onnx-forge/infer';
import { SignatureError } from '../errors.js';
import { checkSignature, nameOfKind } from '../export/signature.js';
import type { FormOptions } from '../forms/choose.js';
import type { Dialect } from '../graph/dialect.js';
import type { tf } from '../tfjs.js';
import type { StepRandom } from './host-inputs.js';

/** Type and shape of an array of a step's batches, as in {@link BatchSpec}; its shape is fixed when the step is compiled. */
export interface StepInput extends Pick<BatchSpec, 'shape'> {
  /** Default float32. */
  readonly dtype?: Exclude<BatchSpec['dtype'], 'int64'>;
}

/** @deprecated Renamed {@link StepInput}. */
export type BatchType = StepInput;

/** A training step in tfjs code: loss, gradients, `optimizer.applyGradients`; it returns its metrics (scalars). */
export interface StepDefinition {
  readonly inputs: Readonly<Record<string, StepInput>>;
  readonly step: (batch: Record<string, tf.Tensor>, random: StepRandom) => Record<string, tf.Tensor>;
}

export interface CompileOptions extends DeviceOptions, FormOptions {
  /** Source of the steps' random numbers. Its state is the caller's to save. */
  readonly random: Random;
  /** Names of the variables in the compiled training's state; others (optimizer slots) are numbered. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
  /**
   * The steps depend on their arguments and the variables only. They are then not traced again while they run, to see
   * whether they have changed. Default false.
   */
  readonly pure?: boolean;
  /** Operators that the graphs may use. Default: the fastest that a trial on the device finds right. */
  readonly dialect?: Dialect;
}

/** @deprecated The type `BatchArrays` of `@onnx-forge/infer`. */
export type Batch = BatchArrays;

/** @throws SignatureError for what is no definition of a step, or an input without a fixed shape */
export function checkDefinition(name: string, definition: StepDefinition): void {
  const { inputs, step } = (definition ?? {}) as Partial<StepDefinition>;
  if (typeof step !== 'function') {
    throw new SignatureError(
      `step ${name} is defined by { inputs, step }, where step is a function, not ${nameOfKind(step)}`,
      { name },
    );
  }
  checkSignature({ inputs } as StepDefinition);
  for (const [input, { shape }] of Object.entries(inputs!)) {
    const open = (shape as readonly unknown[]).find((size) => typeof size === 'string');
    if (open === undefined) continue;
    throw new SignatureError(
      `input '${input}' of step ${name} has a free dimension (${open}): a step is compiled for fixed sizes`,
      { name, input },
    );
  }
}
