import { ForgeError } from '@onnx-forge/infer';

/** An ONNX file can't be made tfjs code: it is damaged, or has what no tfjs code can do (code `onnx-import`). */
export class OnnxImportError extends ForgeError<'onnx-import'> {
  constructor(message: string, data: Record<string, unknown> = {}, options?: ErrorOptions) {
    super('onnx-import', message, data, options);
  }
}
