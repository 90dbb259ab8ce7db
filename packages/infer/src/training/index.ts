export type { BatchValues } from './batch.js';
export type { StepEntry, TrainingEntry } from './entry.js';
export { loadTrainable } from './load.js';
export { type OpenStep, openStep, type StepBatch, StepRunner } from './runner.js';
export {
  type StepOptions,
  type TrainableManifest,
  type TrainableOptions,
  type TrainableParts,
  TrainableSession,
  withWeights,
} from './session.js';
export type { StateEntry, TrainingState } from './state.js';
export type { BatchEntry, HostInput, HostInputKind, StepGraph } from './step-graph.js';
