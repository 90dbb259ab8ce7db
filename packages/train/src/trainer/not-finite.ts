import type { Tensor } from '@onnx-forge/infer';
import { DIVERGED, TrainError } from '../errors.js';

/** The error of a training that diverged. */
export function notFinite(what: string, metric: string, value: number, iteration: number): TrainError {
  const message = `${what} gave ${metric} = ${value} at iteration ${iteration}: ${DIVERGED}`;
  return new TrainError('not-finite', message, { metric, iteration });
}

export type Outputs = Readonly<Record<string, Tensor>>;

/** The first number of a graph's outputs that is not right. */
export function firstWrong(
  outputs: Outputs,
  right: (value: number) => boolean,
): { readonly output: string; readonly value: number } | undefined {
  for (const [output, { type, data }] of Object.entries(outputs)) {
    if (type !== 'float32') continue;
    for (const value of data as Float32Array) if (!right(value)) return { output, value };
  }
  return undefined;
}
