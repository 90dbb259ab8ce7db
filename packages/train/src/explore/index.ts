/**
 * The explorer page, served or written.
 *
 * @module @onnx-forge/train/explore
 */

export { type ExploreServer, serveExplorer } from './serve.js';
export { type ExploredRun, type ExploredRunRequest, exploredRun } from './site.js';
export { writeExplorer } from './write.js';
