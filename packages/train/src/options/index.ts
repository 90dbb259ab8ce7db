/**
 * Hyper-parameters: their defaults, the values that they accept, the options of every recipe.
 *
 * @module @onnx-forge/train/options
 */

export * from './option.js';
export { learningRateFactor, TRAINING_OPTIONS, type TrainingTime } from './training.js';
