import type { tf } from '@onnx-forge/export';

/**
 * Where a step takes its randomness from: the eager engine draws, the compiled engine declares a graph input.
 * Everything else that is random (`tf.randomNormal`, dropout layers) would be frozen into a compiled step.
 */
export interface StepRandom {
  /** Standard normal numbers. */
  normal(shape: number[]): tf.Tensor;
  /** Uniform numbers in [low, high), by default [0, 1). */
  uniform(shape: number[], low?: number, high?: number): tf.Tensor;
}
