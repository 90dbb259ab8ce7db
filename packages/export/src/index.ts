export * from './errors.js';
export {
  type ExportableFunction,
  exportOnnx,
  type InputType,
  type OnnxExport,
  type PortType,
  type Signature,
} from './export.js';
export { ONNX_BACKEND, registerOnnxBackend } from './lazy.js';
export { families, loweringTable } from './lower/index.js';
export type { CaseInput, Lowering, LoweringCase } from './lower/lowering.js';
export { type Dimension, OPSET } from './onnx/writer.js';
export { tf } from './tfjs.js';
