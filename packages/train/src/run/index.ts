/**
 * The run folder: checkpoints, graphs, snapshots, status, lists of runs.
 *
 * @module @onnx-forge/train/run
 */

export { onMostExamples } from '@onnx-forge/viz/runs';
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
} from './checkpoint.js';
export { RunFolder } from './folder.js';
export { exportGraph } from './graphs.js';
export { type LiveModelOptions, liveModel } from './live-model.js';
export { readSnapshots } from './snapshots.js';
export type { RunState, RunStatus } from './status.js';
export { findRuns, type RunSummary, summariseRun } from './summary.js';
