/**
 * Trainings with many settings: spaces, searches, stopping rules, the sweep folder.
 *
 * @module @onnx-forge/train/sweep
 */

export { requireFittingSpace } from './check.js';
export { SWEEP_ERRORS, SweepError, type SweepErrorCode } from './errors.js';
export { type BestMeasurement, evaluateBest } from './evaluate.js';
export { drawSweep } from './figures.js';
export { SweepFolder, type TrialRecord } from './folder.js';
export { type BestTrial, bestTrial, type SweepSurvey, standardError, surveySweep, writeResults } from './results.js';
export { SAMPLERS, type SearchName } from './samplers/index.js';
export type { PastTrial, SampleRequest, Sampler } from './samplers/sampler.js';
export type { ChoiceParameter, Condition, Parameter, RangeParameter, Space } from './space.js';
export { spaceSchema } from './space.js';
export { type SweepSpec, sweepSchema } from './spec.js';
export { type AshaOptions, ashaStopper } from './stoppers/asha.js';
export type { Stopping } from './stoppers/index.js';
export { type MedianOptions, medianStopper } from './stoppers/median.js';
export type { Stopper, TrialReport } from './stoppers/stopper.js';
export {
  type FollowedSummary,
  type FollowedSweep,
  followSweep,
  type LaunchedSweepRequest,
  launchSweep,
  type SweepEvent,
  type SweepRequest,
  type SweepSummary,
  submitSweep,
  sweep,
  trialCount,
} from './sweep.js';
export { recipeTrial } from './train-trial.js';
export { runTrial, type TrainTrial, type TrialResult, type TrialTraining, trialSettings, trialValue } from './trial.js';
