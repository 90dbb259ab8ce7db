/**
 * tfjs on the onnx backend: programs written for `@tensorflow/tfjs-node` change this import and nothing else.
 *
 * @module @onnx-forge/export/node
 */
import { ONNX_BACKEND, registerOnnxBackend } from '../backend/onnx-backend.js';
import * as tf from '../tfjs.js';

registerOnnxBackend();
// Takes effect at once, as the backend needs no asynchronous start: no top-level await, so that `require` works too.
void tf.setBackend(ONNX_BACKEND);

export * from '#tfjs';
export default tf;
