// Models are disposable: an app without that library of TypeScript's gets it with the declarations.
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Use of trained models on any device that onnxruntime knows, without tfjs.
 *
 * @module @onnx-forge/infer
 */

export { type Examples, type Rows, type RowsCheck, toRows } from './arrays/examples.js';
export { type Labels, oneHot, toLabels } from './arrays/labels.js';
export { decodeSafetensors, encodeSafetensors, type NamedArrays } from './arrays/safetensors.js';
export { type DataType, type DataTypeMap, float32, sizeOf, type Tensor, type TensorSpec } from './arrays/tensor.js';
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
  RunnableGraph,
  Session,
  WasmPaths,
} from './device/types.js';
export * from './errors.js';
export { type Classification, ClassifierModel, type ClassifierServe } from './kinds/classifier.js';
export {
  type ConditionalLogLikelihoodMethod,
  ConditionalModel,
  type ConditionalServe,
  type GivenLabels,
} from './kinds/conditional.js';
export { EmbeddingModel, type EmbeddingServe, type Verification, type VerificationOptions } from './kinds/embedding.js';
export { GeneratorModel } from './kinds/generator.js';
export {
  type GenerativeKind,
  type GenerativeModel,
  type KindReference,
  type Kinds,
  type Manifest,
  type Model,
  type ModelKind,
  type ModelOf,
  type Models,
  requireGenerative,
  type ServeOf,
} from './kinds/index.js';
export {
  type AnyKind,
  type GraphInput,
  type GraphShape,
  type IntegerInput,
  type IntegerOutput,
  inputType,
  type Kind,
  type ManifestOfKind,
  type ModelOfKind,
  type Role,
  type RoleFacts,
} from './kinds/kind.js';
export {
  type GenerateMethod,
  type GenerateOptions,
  LanguageModel,
  type LanguageModelServe,
  type TextLogProbability,
} from './kinds/language-model.js';
export { LatentModel, type LogLikelihoodMethod } from './kinds/latent.js';
export { type LatentServe, LatentVariableModel, type Posterior } from './kinds/latent-variable.js';
export { type ModelContext, ServedModel } from './kinds/model.js';
export { createModel, defineKind, type KindOptions, kindNamed } from './kinds/registry.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './kinds/standard-schema.js';
export {
  type TextClassification,
  TextClassifierModel,
  type TextClassifierServe,
  type TokenClassification,
} from './kinds/text-classifier.js';
export {
  type ScoreOptions,
  type TranslateOptions,
  type Translation,
  type TranslationScore,
  TranslatorModel,
  type TranslatorServe,
} from './kinds/translator.js';
export {
  type AnyManifest,
  type ChosenEntry,
  type DataEntry,
  type FileEntry,
  type GraphEntry,
  type ImageEntry,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  type ManifestOf,
  type MetricEntry,
  type ValueEntry,
} from './manifest/base.js';
export type { RunFile } from './manifest/run-file.js';
export type { ActiveUnits } from './methods/active-units.js';
export type {
  AnnealedBound,
  AnnealedLikelihood,
  AnnealingOptions,
  AnnealingSettings,
  LikelihoodSandwich,
} from './methods/annealed-likelihood.js';
export {
  beamSearch,
  lengthFactor,
  type SearchOptions,
  type Sequence,
  type StepDecoder,
  type StepOutput,
} from './methods/beam-search.js';
export type { CompressedImages, CompressOptions } from './methods/bits-back.js';
export { dissimilarity, type Metric, rowDissimilarity, type Vectors } from './methods/dissimilarity.js';
export type { Elbo, ElboOptions } from './methods/elbo.js';
export { ensembleSteps } from './methods/ensemble-steps.js';
export { MeanAndError, WeightSums } from './methods/importance.js';
export type {
  InterpolateOptions,
  Interpolation,
  Perturbation,
  PerturbOptions,
  SampleOptions,
  Samples,
} from './methods/latent-space.js';
export {
  combineLogLikelihoods,
  type ExampleRange,
  type LogLikelihood,
  type LogLikelihoodOptions,
  type LogLikelihoodPart,
} from './methods/log-likelihood.js';
export { type DrawOptions, drawToken, LARGEST_TOP_K, logProbabilities } from './methods/next-token.js';
export { paretoK, paretoKThreshold } from './methods/pareto-k.js';
export { type Float32Tensor, mapRows, rowsPerCall } from './methods/rows.js';
export { type GraphCalls, TranslationSteps, translateTogether, translateTokens } from './methods/translation-steps.js';
export type { CallOptions, Progress, Work, WorkOptions } from './methods/work.js';
export { Random, type RandomState } from './random.js';
export {
  type LoadOptions,
  type LoadProgress,
  load,
  loadManifest,
  type ManifestOptions,
} from './run/load.js';
export { type AnyKindOptions, checkManifest, graphFiles, parseManifest, runFiles } from './run/manifest.js';
export { manifestSchema } from './run/manifest-schema.js';
export { type RunLocation, readGraphFiles, readRunFile } from './run/read-files.js';
export { sha256 } from './source/sha256.js';
export type { ReadOptions, RunSource } from './source/source.js';
export type { FetchOptions } from './source/url-source.js';
export * from './text/index.js';
export * from './training/index.js';
export { VERSION } from './version.js';
