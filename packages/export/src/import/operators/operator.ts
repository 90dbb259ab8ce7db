import type { Call } from '../call.js';
import type { Datum } from '../model/known.js';
import type { TensorSequence } from '../model/tensor-sequence.js';

/** An output of a node. */
export type Result = Datum | TensorSequence;

export type Results = Result | readonly Result[];

/** One ONNX operator as tfjs code. */
export interface Operator {
  readonly op: string;
  /** `''` is ONNX's own domain. */
  readonly domain: string;
  /** Computes the outputs with tfjs. All attributes must be read: one that is not is refused. */
  readonly run: (call: Call) => Results;
  /** The same where all inputs are numbers: sizes, axes, scalars. */
  readonly known?: ((call: Call) => Results) | undefined;
  /** Places of inputs that are read as numbers (axes, bounds, scales): a weight there is a constant, never trained. */
  readonly constants: readonly number[];
  /** Places of inputs that a training updates without gradients, such as running means. */
  readonly statistics: readonly number[];
  /** Whether it looks at its inputs' shapes only, so that any of them will do. */
  readonly shapesOnly: boolean;
}

type Details = Partial<Pick<Operator, 'known' | 'constants' | 'statistics' | 'domain' | 'shapesOnly'>>;

export function operator(op: string, run: Operator['run'], details: Details = {}): Operator {
  return { op, domain: '', constants: [], statistics: [], shapesOnly: false, ...details, run };
}
