export { AVERAGE_PREFIX, WeightAverages } from './averages.js';
export { CompiledEngine } from './compiled.js';
export { EagerEngine } from './eager.js';
export type { BatchArrays, Engine, EngineName, EngineOptions, EngineState, StateArray } from './engine.js';
export { type BoundStep, bindStep, type StepFunction } from './step.js';
