export type { BatchArrays, BatchSpec } from '../arrays/batch.js';
export type { StateArray, TrainingState } from '../arrays/state.js';
export type { HostInput, HostInputKind, StepGraph } from '../manifest/step-graph.js';
export type { StepEntry, TrainingEntry } from '../manifest/training-entry.js';
export type { BatchValues } from './batch.js';
export type { BatchEntry, StateEntry, StepBatch } from './deprecated.js';
export { loadTrainable } from './load.js';
export { type OpenStep, openStep, StepRunner } from './runner.js';
export {
  type StepOptions,
  type TrainableManifest,
  type TrainableOptions,
  type TrainableParts,
  TrainableSession,
  withWeights,
} from './session.js';
