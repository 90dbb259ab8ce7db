import type { BatchSpec } from '../arrays/batch.js';
import type { Random } from '../random.js';

/** A graph input that whoever runs the step computes before every call; all are float32. */
export type HostInput = { readonly name: string; readonly shape: readonly number[] } & HostInputKind;

export type HostInputKind =
  /** Independent N(0, 1). */
  | { readonly kind: 'normal' }
  /** Independent U(low, high). */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** As the graph wants it: negative where its optimizer adds. */
  | { readonly kind: 'learningRate'; readonly value: number };

/** Inputs and outputs of a training step's graph. Variables are known by their names in the state. */
export interface StepGraph {
  /** The arrays that the graph needs of a batch. */
  readonly batch: Readonly<Record<string, BatchSpec>>;
  /** Random numbers are drawn in this order. */
  readonly hostInputs: readonly HostInput[];
  /** Variables that the graph reads, as inputs of their own names. */
  readonly reads: readonly string[];
  /** Variables that it assigns, with the output that holds each. */
  readonly assigns: Readonly<Record<string, string>>;
  /** Assigned variables whose new value may be written over the old one while the graph runs. */
  readonly inPlace: readonly string[];
  /** Scalar float32 outputs. */
  readonly metrics: readonly string[];
}

/** Computes a host input's numbers into `out`. */
export function fillHostInput(
  input: HostInputKind,
  out: Float32Array,
  random: Random,
  learningRateFactor: number,
): void {
  switch (input.kind) {
    case 'normal':
      random.fillNormal(out);
      break;
    case 'uniform':
      random.fillUniform(out, input.low, input.high);
      break;
    case 'learningRate':
      out.fill(learningRateFactor * input.value);
      break;
  }
}
