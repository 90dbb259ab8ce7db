/**
 * Files of events, as TensorBoard reads them: bytes only, no tensors.
 *
 * @module @onnx-forge/export/tensorboard
 */

export {
  histogramEvent,
  imageEvent,
  scalarEvent,
  scalarsEvent,
  sessionStartEvent,
  textEvent,
  versionEvent,
} from './event.js';
export { eventFileName } from './event-file.js';
export { tfRecord } from './record.js';
