import type { DataSetDescription } from '../description.js';
import { describeDataSet } from '../sets/registry.js';
import { checkFile, type FileCheck, folderOf } from './files.js';

export interface VerifyOptions {
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
}

export interface DataReport {
  readonly name: string;
  /** Folder that was looked at. */
  readonly folder: string;
  /** Every file is there and whole (so too for a generated set, which has none). */
  readonly ok: boolean;
  readonly files: readonly FileCheck[];
}

/** Looks at every file of a data set. @throws DataError when the name is unknown */
export async function verifyDataSet(
  set: string | DataSetDescription,
  { dataDir, signal }: VerifyOptions = {},
): Promise<DataReport> {
  const description = typeof set === 'string' ? describeDataSet(set) : set;
  const folder = folderOf(description, dataDir);
  const files: FileCheck[] = [];
  for (const file of description.files) files.push(await checkFile(folder, file, signal));
  return { name: description.name, folder, ok: files.every((file) => file.status === 'ok'), files };
}
