import type { DataType, Tensor } from './tensor.js';

/** Arrays of a batch by name, each flat and row-major, as its {@link BatchSpec} says. */
export type BatchArrays = Readonly<Record<string, Tensor['data']>>;

/** Type and shape of a batch's array; the first size is the batch's. Fixed when the step is compiled. */
export interface BatchSpec {
  readonly dtype: DataType;
  readonly shape: readonly number[];
}
