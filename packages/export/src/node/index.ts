/**
 * tfjs on the onnx backend, with what tfjs-node adds to it: programs written for `@tensorflow/tfjs-node` change this import
 * and nothing else. The backend answers to `tensorflow`, tfjs-node's name, too.
 *
 * @module @onnx-forge/export/node
 */

import { ONNX_BACKEND, registerOnnxBackend } from '../backend/onnx-backend.js';
import { registerFileSystem } from './file-system.js';
import { registerProgressLogger } from './progress-bar.js';
import * as surface from './surface.js';

registerOnnxBackend();
// Unless tfjs-node itself is loaded.
if (!surface.findBackendFactory('tensorflow')) registerOnnxBackend({ name: 'tensorflow' });
registerFileSystem();
registerProgressLogger();
// Takes effect at once, as the backend needs no asynchronous start: no top-level await, so that `require` works too.
void surface.setBackend(ONNX_BACKEND);

export * from './surface.js';
export { default } from './surface.js';
// What `require` returns. Without it Node 24 would find this name among tfjs's own exports, and return tfjs alone.
export { surface as 'module.exports' };
