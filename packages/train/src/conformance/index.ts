/**
 * Checks as data: what a driver must do, for any test runner.
 *
 * @module @onnx-forge/train/conformance
 */

export { SINK_CHECKS, type SinkCheck, type SinkSubject } from './sinks.js';
