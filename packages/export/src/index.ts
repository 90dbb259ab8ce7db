/**
 * tfjs code as ONNX graphs: inference functions, and whole training steps.
 *
 * @module @onnx-forge/export
 */

export { GRAPH_BACKEND, registerGraphBackend } from './backend/graph-backend.js';
export { ONNX_BACKEND, type OnnxBackendOptions, registerOnnxBackend } from './backend/onnx-backend.js';
export * from './errors.js';
export { type ExportOptions, exportOnnx, functionOf, type OnnxExport } from './export/export-onnx.js';
export type { Exportable, ExportableFunction, InputType, PortType, Signature } from './export/exportable.js';
export { requireOpens } from './export/opens.js';
export {
  type DeviceVerification,
  describeSizes,
  type FreeSizes,
  type OutputError,
  VerifyError,
  type VerifyOptions,
  verify,
} from './export/verify.js';
export type { FormCache, FormOptions } from './forms/choose.js';
export type { MeasuredForm } from './forms/measure.js';
export type { Dialect } from './graph/dialect.js';
export type { FormTable } from './graph/form.js';
export { families, loweringTable } from './lower/index.js';
export type { CaseInput, Lowering, LoweringCase } from './lower/lowering.js';
export { checkModel } from './onnx/check.js';
export type { ExternalData, ExternalDataOptions } from './onnx/external.js';
export { initializerOffsets } from './onnx/initializers.js';
export { type Dimension, OPSET } from './onnx/writer.js';
export { whileLoop } from './record/loop.js';
export type { Loop, LoopState } from './record/loop-description.js';
export { compileStep, compileTraining, stepModels } from './step/compile.js';
export type { StepModel } from './step/compiler.js';
export type { Batch, BatchType, CompileOptions, StepDefinition, StepInput } from './step/definition.js';
export type { StepRandom } from './step/host-inputs.js';
export { withLayerNoise } from './step/layer-noise.js';
export { CompiledTraining } from './step/training.js';
export { supportTable } from './support-table.js';
export { tf } from './tfjs.js';
