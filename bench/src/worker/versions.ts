import { createRequire } from 'node:module';

/** Read from its package, so that naming it loads nothing. */
export function onnxruntimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return `onnxruntime ${version}`;
}
