import type { tf } from '../tfjs.js';

/** Tensors by name that a loop carries from step to step. */
export type LoopState = Readonly<Record<string, tf.Tensor>>;

/** A loop whose steps all do the same. */
export interface Loop<State extends LoopState = LoopState> {
  /** Before the first step. */
  readonly state: State;
  /** Steps at most. */
  readonly most: number;
  /**
   * A step: the state after it, of the same names, dtypes and shapes.
   *
   * @param state before the step
   * @param index of the step, from 0: int32 []
   */
  readonly step: (state: State, index: tf.Tensor) => State;
  /** Whether a further step follows this state: bool []. Absent: always. */
  readonly goOn?: (state: State) => tf.Tensor;
}
