/**
 * ONNX models as tfjs code: call, differentiate, train and export again what others exported.
 *
 * @module @onnx-forge/export/import
 */

export type { LoraOptions } from './adapters.js';
export { hashOf, importWithAdapters, type OnnxFiles, saveAdapters } from './adapters-file.js';
export type { ImportedHead } from './head.js';
export {
  type HeadOptions,
  type ImportedCallOptions,
  type ImportedModel,
  type ImportOptions,
  importModel,
} from './import-onnx.js';
export type { MergedWeights, WeightPattern } from './import-weights.js';
export { OnnxImportError } from './model/errors.js';
export type { ImportedWeight, ImportNote, ImportReport } from './report.js';
