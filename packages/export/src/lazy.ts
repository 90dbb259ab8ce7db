import { SyncReadError } from './errors.js';
import { Evaluator } from './evaluator.js';
import { storedData } from './graph/value.js';
import { registerHostKernels, registerLowerings } from './kernels.js';
import { RecordingBackend } from './recorder.js';
import { tf } from './tfjs.js';

/** Name of the complete backend: `tf.setBackend('onnx')`. */
export const ONNX_BACKEND = 'onnx';

/**
 * Makes `onnx` a tfjs backend: kernels are recorded, and reading a tensor (`await t.data()`) builds the graph of what it
 * needs and runs it in onnxruntime. Only asynchronous reads: `dataSync` of a computed tensor throws.
 */
export function registerOnnxBackend(): void {
  registerLowerings(ONNX_BACKEND);
  registerHostKernels(ONNX_BACKEND);
  tf.registerBackend(ONNX_BACKEND, () => {
    const evaluator = new Evaluator();
    return new RecordingBackend({
      read: (values) => evaluator.evaluate(values),
      readSync: (value) => {
        const data = storedData(value);
        if (!data) throw new SyncReadError(value.dtype, value.shape);
        return data;
      },
    });
  });
}
