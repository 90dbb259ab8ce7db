import type { DeviceOptions, Random, Tensor } from '@onnx-forge/infer';
import type { DType } from '../graph/value.js';
import type { Dialect } from '../lower/dialect.js';
import type { tf } from '../tfjs.js';
import type { StepRandom } from './hostInputs.js';

/** A batch's array: its shape is fixed when the step is compiled. */
export interface BatchType {
  readonly shape: readonly number[];
  /** Default float32. */
  readonly dtype?: Exclude<DType, 'int64'>;
}

/** A training step in tfjs code: loss, gradients, `optimizer.applyGradients`; it returns its metrics (scalars). */
export interface StepDefinition {
  readonly inputs: Readonly<Record<string, BatchType>>;
  readonly step: (batch: Record<string, tf.Tensor>, random: StepRandom) => Record<string, tf.Tensor>;
}

export interface CompileOptions extends DeviceOptions {
  /** Source of the steps' random numbers. Its state is the caller's to save. */
  readonly random: Random;
  /** Names of the variables in the compiled training's state; others (optimizer slots) are numbered. */
  readonly nameOf?: (variable: tf.Variable) => string | undefined;
  /** Operators that the graphs may use. Default: the fastest that a trial on the device finds right. */
  readonly dialect?: Dialect;
}

export type Batch = Readonly<Record<string, Tensor['data']>>;
