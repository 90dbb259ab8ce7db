/**
 * Events of a training, and callbacks that decide by them.
 *
 * @module @onnx-forge/train/trainer
 */

export * from './callbacks/index.js';
export * from './events.js';
export type { TrainRequest, TrainResult } from './request.js';
