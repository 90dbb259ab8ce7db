/**
 * Trained runs behind HTTP.
 *
 * @module @onnx-forge/train/serve
 */

export { Admission, type Refusal, type Visit } from './admission.js';
export { MicroBatcher, type MicroBatcherOptions } from './micro-batcher.js';
export { type RunningServer, type ServerOptions, startServer } from './server.js';
export { createService, type Limits, type Service, type ServiceOptions } from './service.js';
