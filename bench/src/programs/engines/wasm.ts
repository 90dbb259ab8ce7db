/** In the place of `@onnx-forge/export/node`: the same tfjs on its WebAssembly backend. */
import * as tf from '@onnx-forge/export/tfjs';
import '@tensorflow/tfjs-backend-wasm';

await tf.setBackend('wasm');

export * from '@onnx-forge/export/tfjs';
export default tf;
