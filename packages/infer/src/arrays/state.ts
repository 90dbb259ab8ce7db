/** The values of one variable, row-major: a weight, an optimizer slot, a moving average. */
export interface StateArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All variables of a training, by name. */
export type TrainingState = Readonly<Record<string, StateArray>>;

export function dtypeOf({ data }: StateArray): 'float32' | 'int32' {
  return data instanceof Float32Array ? 'float32' : 'int32';
}
