/**
 * Objectives, layers, data sets, the trainer.
 *
 * @module @onnx-forge/train
 */

export { type StepRandom, tf } from '@onnx-forge/export';
export { type Checkpoint, checkpointPath, loadCheckpoint, type Progress, type RunIdentity } from './checkpoint.js';
export * from './data/index.js';
export { type DrawRequest, drawFigures } from './draw.js';
export * from './engine/index.js';
export * from './errors.js';
export { type EvaluateRequest, evaluateRun } from './evaluate.js';
export * from './evaluation/index.js';
export * from './events.js';
export { type ExploreServer, serveExplorer } from './explore/serve.js';
export { type ExploredRun, type ExploredRunRequest, exploredRun } from './explore/site.js';
export { writeExplorer } from './explore/write.js';
export type { Figure, FigureContext, FigureImage, FigurePart, Snapshot } from './figure.js';
export * from './figures/index.js';
export { type BatchInput, prepareInputs } from './inputs.js';
export * from './layers/index.js';
export * from './objectives/index.js';
export * from './options.js';
export * from './recipe.js';
export { recipeData } from './run/data.js';
export { RunFolder } from './run/folder.js';
export { exportGraph } from './run/graphs.js';
export { Judge, type JudgeRequest } from './run/judge.js';
export type { LogLine } from './run/log.js';
export { readLog } from './run/log.js';
export { readSnapshots } from './run/snapshots.js';
export { learningRateFactor, TRAINING_OPTIONS, type TrainingTime } from './schedule.js';
export * from './serve/index.js';
export { type TrainRequest, type TrainResult, train } from './trainer.js';
export { type GraphVerification, type VerifyRunRequest, verifyRun } from './verify.js';
