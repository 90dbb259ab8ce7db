/**
 * Objectives, layers, data sets, the trainer.
 *
 * @module @onnx-forge/train
 */

export { type StepRandom, tf } from '@onnx-forge/export';
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
export type { LogLine } from './metrics/log.js';
export { readLog } from './metrics/log.js';
export type { GenerativeKind, ImageFacts, ModelKind, ModelOf, ServeFacts } from './model-kinds.js';
export * from './objectives/index.js';
export * from './options/option.js';
export { learningRateFactor, TRAINING_OPTIONS, type TrainingTime } from './options/training.js';
export { recipeData } from './recipe/data.js';
export { type BatchInput, prepareInputs } from './recipe/inputs.js';
export * from './recipe/recipe.js';
export { type Checkpoint, checkpointPath, loadCheckpoint, type Progress, type RunIdentity } from './run/checkpoint.js';
export { RunFolder } from './run/folder.js';
export { exportGraph } from './run/graphs.js';
export { readSnapshots } from './run/snapshots.js';
export { BACKENDS, type Backend, useBackend } from './tfjs-backend.js';
export * from './trainer/events.js';
