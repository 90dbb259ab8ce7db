import * as infer from '@onnx-forge/infer';

/** Globals of a test's page. */
export interface InferPage {
  readonly infer: typeof infer;
}

Object.assign(globalThis, { infer });
