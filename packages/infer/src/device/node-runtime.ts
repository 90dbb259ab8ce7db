import type { Runtime } from './driver.js';

/** onnxruntime-node, told not to print: its errors reach us as exceptions, and stderr belongs to the program. */
export async function loadRuntime(): Promise<Runtime> {
  const { default: runtime } = await import('onnxruntime-node');
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/** onnxruntime's message without the C++ location in front of it. */
export function explainError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^\/\S+:\d+ .*? (?:was false\. |\[ONNXRuntimeError\] : \d+ : \w+ : )/s, '').trim();
}
