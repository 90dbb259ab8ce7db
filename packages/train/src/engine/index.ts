export { EagerEngine, type EngineOptions } from './eager.js';
export type { BatchArrays, Engine, EngineName, EngineState, StateArray } from './engine.js';
export { type BoundStep, bindStep, networkWeights, type StepFunction } from './step.js';
