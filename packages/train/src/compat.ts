/**
 * Every name that the package's index had before its rooms had doors of their own. Kept for one minor version.
 *
 * @module @onnx-forge/train/compat
 * @deprecated names of a recipe and verbs come from `@onnx-forge/train`, others from its subpaths
 */

export { type StepRandom, tf } from '@onnx-forge/export';
export type {
  GenerativeKind,
  ImageEntry as ImageFacts,
  ModelKind,
  ModelOf,
  ServeOf as ServeFacts,
} from '@onnx-forge/infer';
export { type Converted, type ConvertedForm, type ConvertOptions, convertData } from './actions/convert.js';
export { type DrawRequest, drawFigures } from './actions/draw.js';
export { type EvaluateRequest, evaluateRun } from './actions/evaluate.js';
export { type TrainRequest, type TrainResult, train } from './actions/train.js';
export { type GraphVerification, type VerifyRunRequest, verifyRun } from './actions/verify.js';
export * from './data/index.js';
export * from './engine/index.js';
export * from './errors.js';
export { type ExploredRunRequest, exploredRun } from './explore/explored-run.js';
export * from './explore/index.js';
export * from './figures/index.js';
export * from './kinds/index.js';
export * from './layers/index.js';
export * from './measures/index.js';
export * from './metrics/index.js';
export * from './objectives/index.js';
export * from './options/index.js';
export * from './recipe/index.js';
export * from './run/index.js';
export { BACKENDS, type Backend, useBackend } from './tfjs-backend.js';
export * from './trainer/callbacks/index.js';
export * from './trainer/events.js';
