/**
 * tfjs on the onnx backend, with what tfjs-node adds to it: programs written for `@tensorflow/tfjs-node` change this import
 * and nothing else. The backend answers to `tensorflow`, tfjs-node's name, too.
 *
 * @module @onnx-forge/export/node
 */
import { ONNX_BACKEND, registerOnnxBackend } from '../backend/onnx-backend.js';
import { registerFileSystem } from './file-system.js';
import { registerProgressLogger } from './progress-bar.js';
import * as tf from './surface.js';

registerOnnxBackend();
registerOnnxBackend({ name: 'tensorflow' });
registerFileSystem();
registerProgressLogger();
// Takes effect at once, as the backend needs no asynchronous start: no top-level await, so that `require` works too.
void tf.setBackend(ONNX_BACKEND);

export type { NodeFileSystem } from './file-system.js';
export * from './surface.js';
export type { TensorBoardCallback, TensorBoardCallbackArgs } from './tensorboard/callback.js';
export type { SummaryFileWriter } from './tensorboard/summary-writer.js';
export default tf;

/** What `require` returns. Without it Node 24 would find this name among tfjs's own exports, and return tfjs alone. */
const commonJs: typeof tf & { readonly default: typeof tf; readonly __esModule: true } = {
  ...tf,
  default: tf,
  __esModule: true,
};

export { commonJs as 'module.exports' };
