// Models are disposable: an app without that library of TypeScript's gets it with the declarations.
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * What a trained model can do, on any device that onnxruntime knows; nothing of tfjs.
 *
 * @module @onnx-forge/infer
 */

export { NO_COPY_OUTPUT } from './device/no-copy-output.js';
export { type DeviceReport, openDevice, openSession, probeDevices } from './device/open.js';
export { type NodePlacement, nodePlacements } from './device/placement.js';
export type {
  ComputeDevice,
  Device,
  DeviceOptions,
  DeviceRequest,
  DeviceTensor,
  Feeds,
  GraphOptions,
  Refusal,
  Session,
  WasmPaths,
} from './device/types.js';
export * from './errors.js';
export type { Examples } from './examples.js';
export { type LoadOptions, type LoadProgress, load, loadManifest, type RunLocation } from './load.js';
export {
  type ClassifierServe,
  type ConditionalServe,
  checkManifest,
  type EmbeddingServe,
  type FileEntry,
  type GraphEntry,
  graphFiles,
  type ImageEntry,
  type LanguageModelServe,
  type LatentServe,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  type Manifest,
  type MetricEntry,
  manifestSchema,
  parseManifest,
  runFiles,
  type TextClassifierServe,
  type TranslatorServe,
  type ValueEntry,
} from './manifest.js';
export {
  beamSearch,
  type SearchOptions,
  type Sequence,
  type StepDecoder,
  type StepOutput,
} from './model/beam-search.js';
export { type Classification, ClassifierModel } from './model/classifier.js';
export { type ConditionalLogLikelihoodMethod, ConditionalModel, type GivenLabels } from './model/conditional.js';
export { dissimilarity, type Metric, rowDissimilarity, type Vectors } from './model/dissimilarity.js';
export type { Elbo, ElboOptions } from './model/elbo.js';
export { EmbeddingModel, type Verification, type VerificationOptions } from './model/embedding.js';
export { GeneratorModel } from './model/generator.js';
export { MeanAndError, WeightSums } from './model/importance.js';
export {
  type GenerativeKind,
  type GenerativeModel,
  type Model,
  type ModelKind,
  type Models,
  requireGenerative,
} from './model/kinds.js';
export { type Labels, oneHot, toLabels } from './model/labels.js';
export {
  type GenerateMethod,
  type GenerateOptions,
  LanguageModel,
  type TextLogProbability,
} from './model/language-model.js';
export { LatentModel, type LogLikelihoodMethod, type Posterior } from './model/latent.js';
export type {
  InterpolateOptions,
  Interpolation,
  Perturbation,
  PerturbOptions,
  SampleOptions,
  Samples,
} from './model/latent-space.js';
export type { LogLikelihood, LogLikelihoodOptions, LogLikelihoodPart } from './model/log-likelihood.js';
export { type DrawOptions, drawToken, logProbabilities } from './model/next-token.js';
export type { Float32Tensor } from './model/rows.js';
export { ServedModel } from './model/served.js';
export { type TextClassification, TextClassifierModel, type TokenClassification } from './model/text-classifier.js';
export {
  type GraphCalls,
  type TranslateOptions,
  type Translation,
  TranslationSteps,
  TranslatorModel,
  translateTokens,
} from './model/translator.js';
export type { CallOptions, Progress, WorkOptions } from './model/work.js';
export { Random, type RandomState } from './random.js';
export type { RunFile } from './run-file.js';
export { decodeSafetensors, encodeSafetensors, type NamedArrays } from './safetensors.js';
export type { ReadOptions, RunSource } from './source.js';
export { type DataType, type DataTypeMap, float32, sizeOf, type Tensor, type TensorSpec } from './tensor.js';
export * from './text/index.js';
export * from './training/index.js';
export type { FetchOptions } from './url-source.js';
export { VERSION } from './version.js';
