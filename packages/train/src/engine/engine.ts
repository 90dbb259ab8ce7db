import type { BatchArrays, Random, TrainingState } from '@onnx-forge/infer';
import type { Networks } from '../layers/network.js';
import type { OptionValues } from '../options/option.js';
import type { Recipe } from '../recipe/recipe.js';
import type { WeightAverages } from './averages.js';

/** @deprecated The type `TrainingState` of `@onnx-forge/infer`. */
export type EngineState = TrainingState;

export type EngineName = 'eager' | 'compiled';

export interface EngineOptions {
  readonly recipe: Recipe;
  readonly nets: Networks;
  readonly options: OptionValues;
  /** Follow the networks, when asked for. */
  readonly averages?: WeightAverages | undefined;
  /** The steps' randomness is drawn from this stream; its state is the caller's to save. */
  readonly random: Random;
}

/** Runs a recipe's steps. Both engines run the same step function and draw the same random numbers in the same order. */
export interface Engine {
  readonly name: EngineName;
  /** Where the steps run: a device (`cpu`, `cuda`, `webgpu`) or a tfjs backend (`tfjs-cpu`, `tfjs-wasm`). */
  readonly device: string;
  /** One update; gives the step's metrics, batch means taken before the update. */
  run(step: string, batch: BatchArrays): Promise<Record<string, number>>;
  /** From now on every optimizer's learning rate is `factor` times what the recipe gave it. */
  scaleLearningRates(factor: number): void;
  state(): Promise<TrainingState>;
  /** @throws TrainError (`checkpoint-mismatch`) when names or shapes are not this engine's */
  restore(state: TrainingState): Promise<void>;
  /** After this the variables of networks and averages hold the current values (for export). */
  writeBack(): Promise<void>;
  dispose(): Promise<void>;
}
