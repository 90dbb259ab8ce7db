/** One variable's numbers, row-major. */
export interface StateEntry {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All variables of a training by name: weights, optimizer slots, moving averages. */
export type TrainingState = Readonly<Record<string, StateEntry>>;
