/**
 * Checks of drivers, as data: the same ones hold this package's own and anybody else's.
 *
 * @module @onnx-forge/train/conformance
 */

export * from './data-source.js';
export { LAUNCHER_CHECKS, type LauncherSubject } from './launchers.js';
export { SINK_CHECKS, type SinkCheck, type SinkSubject } from './sinks.js';
