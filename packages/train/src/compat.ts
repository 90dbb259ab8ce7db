/**
 * Every name that the package's index had before its rooms had doors of their own. Kept for one minor version.
 *
 * @module @onnx-forge/train/compat
 * @deprecated names of a recipe and verbs come from `@onnx-forge/train`, others from its subpaths
 */

export { type StepRandom, tf } from '@onnx-forge/export';
export type {
  GenerativeKind,
  ImageEntry as ImageFacts,
  ModelKind,
  ModelOf,
  ServeOf as ServeFacts,
} from '@onnx-forge/infer';
export { type Converted, type ConvertedForm, type ConvertOptions, convertData } from './actions/convert.js';
export { type DrawRequest, drawFigures } from './actions/draw.js';
export { type EvaluateRequest, evaluateRun } from './actions/evaluate.js';
export { type TrainRequest, type TrainResult, train } from './actions/train.js';
export { type GraphVerification, type VerifyRunRequest, verifyRun } from './actions/verify.js';
export * from './data/index.js';
export * from './engine/index.js';
export * from './errors.js';
export { type ExploreServer, serveExplorer } from './explore/serve.js';
export { type ExploredRun, type ExploredRunRequest, exploredRun } from './explore/site.js';
export { writeExplorer } from './explore/write.js';
export * from './figures/index.js';
export * from './kinds/index.js';
export * from './layers/index.js';
export * from './measures/index.js';
export type { Direction } from './metrics/direction.js';
export type { LogLine } from './metrics/log.js';
export { readLog } from './metrics/log.js';
export { csvSink } from './metrics/sinks/csv.js';
export { jsonlSink } from './metrics/sinks/jsonl.js';
export { SINK_NAMES, type SinkName } from './metrics/sinks/names.js';
export type { Json, MetricSink, OpenSink, SinkImage, SinkMark, SinkRun, SinkStatus } from './metrics/sinks/sink.js';
export { tensorBoardSink } from './metrics/sinks/tensorboard.js';
export * from './objectives/index.js';
export * from './options/option.js';
export { learningRateFactor, TRAINING_OPTIONS, type TrainingTime } from './options/training.js';
export { recipeData } from './recipe/data.js';
export { type BatchInput, type InputSpec, prepareInputs } from './recipe/inputs.js';
export * from './recipe/recipe.js';
export {
  type BestCheckpoint,
  type Checkpoint,
  type CheckpointName,
  checkpointPath,
  type Extension,
  loadCheckpoint,
  type Origin,
  type Progress,
  type RunIdentity,
  type Stop,
} from './run/checkpoint.js';
export { RunFolder } from './run/folder.js';
export { exportGraph } from './run/graphs.js';
export { type LiveModelOptions, liveModel } from './run/live-model.js';
export { readSnapshots } from './run/snapshots.js';
export type { RunState, RunStatus } from './run/status.js';
export { findRuns, type RunSummary, summariseRun } from './run/summary.js';
export { BACKENDS, type Backend, useBackend } from './tfjs-backend.js';
export * from './trainer/callbacks/index.js';
export * from './trainer/events.js';
