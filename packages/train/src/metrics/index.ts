/**
 * The log of a training and its sinks.
 *
 * @module @onnx-forge/train/metrics
 */

export type { Direction } from './direction.js';
export { type LogLine, readLog } from './log.js';
export { csvSink } from './sinks/csv.js';
export { jsonlSink } from './sinks/jsonl.js';
export { SINK_NAMES, type SinkName } from './sinks/names.js';
export type { Json, MetricSink, OpenSink, SinkImage, SinkMark, SinkRun, SinkStatus } from './sinks/sink.js';
export { tensorBoardSink } from './sinks/tensorboard.js';
