import { SyncReadError } from '../errors.js';
import { storedData } from '../graph/value.js';
import { registerHostKernels, registerLowerings } from '../record/kernels.js';
import { RecordingBackend } from '../record/recorder.js';
import { tf } from '../tfjs.js';
import { Evaluator } from './evaluator.js';

/** Name of the backend that runs every kernel in onnxruntime. */
export const GRAPH_BACKEND = 'onnx-graph';

/**
 * Makes `onnx-graph` a tfjs backend that runs every kernel in onnxruntime, whatever its size: the judge of the lowerings.
 * Reading a tensor (`await t.data()`) builds the graph of what it needs. Programs take `registerOnnxBackend`.
 */
export function registerGraphBackend(): void {
  registerLowerings(GRAPH_BACKEND);
  registerHostKernels(GRAPH_BACKEND);
  tf.registerBackend(GRAPH_BACKEND, () => {
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
