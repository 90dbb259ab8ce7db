import { readRegularFile } from '@onnx-forge/infer/node-files';
import { messageOf, UsageError } from '../errors.js';

/** The bytes of a file, or of standard input for `-`. @throws UsageError when it can't be read */
export async function readInput(file: string, what: string): Promise<Buffer> {
  if (file === '-') {
    const parts: Buffer[] = [];
    for await (const part of process.stdin) parts.push(Buffer.from(part as Buffer));
    return Buffer.concat(parts);
  }
  return readRegularFile(file).catch((error: unknown) => {
    throw new UsageError(`${what} ${file} can't be read: ${messageOf(error)}`, { file });
  });
}
