import { openSession } from '@onnx-forge/infer';
import type { OnnxExport } from './export-onnx.js';

/**
 * Opens a graph in onnxruntime (on the CPU, unoptimised) and closes it again.
 *
 * @throws GraphError (`graph-open`) when onnxruntime does not take it
 */
export async function requireOpens(
  { bytes, externalData }: Pick<OnnxExport, 'bytes' | 'externalData'>,
  name?: string,
): Promise<void> {
  const options = { device: 'cpu', optimization: 'disabled', externalData } as const;
  const session = await openSession(bytes, name === undefined ? options : { ...options, name });
  await session.dispose();
}
