/**
 * The explorer page, served or written.
 *
 * @module @onnx-forge/train/explore
 */

export { type ExploredRun, ExploredRuns, type ExploreRequest, type RunList } from './explored-runs.js';
export { type ExploreServer, serveExplorer } from './serve.js';
export { writeExplorer } from './write.js';
