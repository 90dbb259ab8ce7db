import type { RandomState } from '@onnx-forge/infer';

/** An array of the training state under a stable name: a weight, an optimizer slot, a moving average. */
export interface StateArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** All that training needs to go on, but for the position in the data. */
export interface EngineState {
  readonly arrays: Readonly<Record<string, StateArray>>;
  /** The stream that the steps draw from. */
  readonly random: RandomState;
}

export type EngineName = 'eager' | 'compiled';

/** Example arrays by input name, each [batch, ...] row-major. */
export type BatchArrays = Readonly<Record<string, Float32Array | Int32Array>>;

/** Runs a recipe's steps. Both engines run the same step function and draw the same random numbers in the same order. */
export interface Engine {
  readonly name: EngineName;
  /** What computes: a device (`cpu`, `cuda`, `webgpu`) or a tfjs backend (`tfjs-cpu`, `tfjs-wasm`). */
  readonly device: string;
  /** One update; gives the step's metrics, batch means taken before the update. */
  run(step: string, batch: BatchArrays): Promise<Record<string, number>>;
  state(): Promise<EngineState>;
  /** @throws TrainError (`checkpoint-mismatch`) when names or shapes are not this engine's */
  restore(state: EngineState): Promise<void>;
  /** After this the networks' variables hold the current values (for export). */
  writeBack(): Promise<void>;
  dispose(): Promise<void>;
}
