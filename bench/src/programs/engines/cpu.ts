/** In the place of `@onnx-forge/export/node`: the same tfjs on its own JavaScript backend. */
import * as tf from '@onnx-forge/export/tfjs';

void tf.setBackend('cpu');

export * from '@onnx-forge/export/tfjs';
export default tf;
