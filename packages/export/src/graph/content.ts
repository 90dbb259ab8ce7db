/** Contents of the recording backend's tensors: recorded values, complex ones, and strings. */
import type { Value } from './value.js';

/** complex64: the real and the imaginary part, two recorded float32 values of one shape. */
export class Complex {
  readonly dtype = 'complex64';

  constructor(
    readonly real: Value,
    readonly imag: Value,
  ) {}

  get shape(): readonly number[] {
    return this.real.shape;
  }
}

/** Strings never enter a graph: they stay in memory, each encoded to bytes as tfjs does. */
export class Strings {
  readonly dtype = 'string';

  constructor(
    readonly values: readonly Uint8Array[],
    readonly shape: readonly number[],
  ) {}
}

export type Content = Value | Complex | Strings;
