import { sizeOf } from '@onnx-forge/infer';
import type { Content } from '../graph/content.js';
import type { Dialect } from '../graph/dialect.js';
import type { Value } from '../graph/value.js';
import type { tf } from '../tfjs.js';

/** An input of a test case: seeded uniform numbers in [low, high), or given values. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32' | 'bool';
  readonly low?: number;
  readonly high?: number;
  readonly values?: readonly number[];
}

/**
 * One way of dispatching the kernel: checked against tfjs's cpu backend and listed in the support table.
 * With `gradient`, the gradient in every float input is checked too, and against finite differences.
 */
export interface LoweringCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly run: (inputs: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[];
  readonly gradient?: boolean;
  /** Relative tolerance against tfjs; 1e-5 when absent. */
  readonly tolerance?: number;
}

/**
 * An input of multiples of `spacing`, in a scrambled order: what a case with kinks or ties needs, since a finite
 * difference must not step over one.
 */
export function lattice(shape: readonly number[], count: number, spacing: number): CaseInput {
  const size = sizeOf(shape);
  return {
    shape,
    values: Array.from({ length: size }, (_, i) => (((i * 37) % count) - Math.floor(count / 2)) * spacing),
  };
}

export type KernelInputs = Readonly<Record<string, Value>>;

/** How one tfjs kernel becomes ONNX nodes. Kernels whose inputs are a list name them '0', '1', ... */
export interface Lowering {
  readonly kernel: string;
  readonly lower: (inputs: KernelInputs, attrs: tf.NamedAttrMap, dialect: Dialect) => Content | readonly Content[];
  readonly cases: readonly LoweringCase[];
}

/** Declares a lowering with the kernel's own typed inputs and attributes. */
export function lowering<I extends object = Record<string, Value>, A extends object = object>(
  kernel: string,
  lower: (inputs: I, attrs: A, dialect: Dialect) => Content | readonly Content[],
  cases: readonly LoweringCase[],
): Lowering {
  return { kernel, lower: lower as unknown as Lowering['lower'], cases };
}

/** The values of a kernel that takes a list of tensors. */
export function listOf(inputs: KernelInputs): Value[] {
  return Object.keys(inputs).map((key) => inputs[key]!);
}
