/**
 * The two ways to run training steps: compiled into ONNX graphs, and eagerly with tfjs.
 *
 * @module @onnx-forge/train/engine
 */

export type { BatchArrays, StateArray } from '@onnx-forge/infer';
export { AVERAGE_PREFIX, WeightAverages } from './averages.js';
export { CompiledEngine } from './compiled.js';
export { EagerEngine } from './eager.js';
export type { Engine, EngineName, EngineOptions, EngineState } from './engine.js';
export { type BoundStep, bindStep, type StepFunction } from './step.js';
