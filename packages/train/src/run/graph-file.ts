import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { type GraphEntry, type RunFile, RunFolderError } from '@onnx-forge/infer';
import { readRegularFile } from '../data/read-file.js';

/** A graph of a run with the files that hold its weights, by the names that it locates them by: relative to its own. */
export async function readGraphFiles(
  run: string,
  entry: GraphEntry,
): Promise<{ bytes: Uint8Array; externalData: Record<string, Uint8Array> }> {
  const externalData: [string, Uint8Array][] = [];
  for (const file of entry.externalData ?? []) externalData.push([basename(file.file), await readGraph(run, file)]);
  return { bytes: await readGraph(run, entry), externalData: Object.fromEntries(externalData) };
}

/** The bytes of a run's file. @throws RunFolderError when the file is missing or not the one that the manifest describes */
export async function readGraph(run: string, { file, sha256 }: RunFile): Promise<Uint8Array> {
  const path = join(run, file);
  const bytes = await readRegularFile(path).catch((error: Error) => {
    throw new RunFolderError('graph-missing', `${path} can't be read: ${error.message}`, { path }, { cause: error });
  });
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return bytes;
  const message = `${path} is not the file that was exported: its sha256 is ${found}, expected ${sha256}`;
  throw new RunFolderError('graph-hash', message, { path, found, expected: sha256 });
}
