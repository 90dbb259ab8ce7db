import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerOnnxBackend, tf } from '@onnx-forge/export';

/** The value of `import tf from '@onnx-forge/export/node'`. */
export type NodeEntry = typeof import('@onnx-forge/export/node').default;

/**
 * Loads the entry for the tests of a suite, which makes `onnx` tfjs's backend, and has the old one back after them.
 * @returns the entry, once the tests run
 */
export function useNodeEntry(): () => NodeEntry {
  let entry: NodeEntry;
  let backend: string;
  before(async () => {
    backend = tf.getBackend() ?? 'cpu';
    entry = (await import('@onnx-forge/export/node')).default;
    // An import registers it once a process, and other suites of the same process remove it.
    if (!tf.findBackendFactory('onnx')) registerOnnxBackend();
    await tf.setBackend('onnx');
  });
  after(() => tf.setBackend(backend));
  return () => entry;
}

/**
 * An empty folder for each test of a suite.
 * @returns the path of something in it
 */
export function useFolder(): (...names: readonly string[]) => string {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'onnx-forge-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return (...names) => join(folder, ...names);
}

/** The one line that a promise is rejected with, or a function throws. */
export async function complaint(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    const { message } = error as Error;
    if (message.includes('\n')) throw new Error(`more than one line: ${message}`);
    return message;
  }
  throw new Error('it was not refused');
}
