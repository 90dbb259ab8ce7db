import * as infer from '@onnx-forge/infer';

/** What a test's page has. */
export interface InferPage {
  readonly infer: typeof infer;
}

Object.assign(globalThis, { infer });
