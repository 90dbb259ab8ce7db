export { BACKENDS, type Backend, useBackend } from '../tfjs-backend.js';
export { AVERAGE_PREFIX, WeightAverages } from './averages.js';
export { CompiledEngine } from './compiled.js';
export { EagerEngine } from './eager.js';
export type { BatchArrays, Engine, EngineName, EngineOptions, EngineState, StateArray } from './engine.js';
export { type BoundStep, bindStep, networkWeights, type StepFunction } from './step.js';
