import type { Runtime } from '../driver.js';
import { withoutLocation } from '../message.js';
import { RUNTIME_VERSION } from '../version.js';

/** onnxruntime-node with its own logging off: errors arrive as exceptions, and stderr belongs to the program. */
export async function loadRuntime(): Promise<Runtime> {
  const { default: runtime } = await import('onnxruntime-node');
  runtime.env.logLevel = 'fatal';
  const { InferenceSession, Tensor } = runtime;
  return { InferenceSession, Tensor, fillsFetches: true, survivesFailures: true };
}

/** onnxruntime's message without the C++ location in front of it; or that onnxruntime is not there. */
export function explainError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = String((error as { code?: unknown } | null)?.code);
  if (/^(ERR_)?MODULE_NOT_FOUND$/.test(code) && message.includes("'onnxruntime-node'")) {
    return `onnxruntime-node is not installed (npm install --ignore-scripts onnxruntime-node@${RUNTIME_VERSION})`;
  }
  if (/tensor's data must be type of function/.test(message)) {
    return "onnxruntime-node's arrays are of another realm than this program's (Jest and jsdom have typed arrays of their own): give the test environment Node's, or compute in Node's own";
  }
  return withoutLocation(message);
}
