import type { DataSetDescription } from '../description.js';
import { DATA_SETS } from '../sets/registry.js';
import { folderOf, seemsPresent } from './files.js';

export interface DataSetSummary extends Omit<DataSetDescription, 'files' | 'folder' | 'load'> {
  /** Generated from a seed; needs no files. */
  readonly embedded: boolean;
  /** Every file lies in the data folder (unchecked: see `verifyDataSet`), or none is needed. */
  readonly present: boolean;
  /** Bytes to download. */
  readonly bytes: number;
}

/** The data sets known by name, and whether they are here. */
export function listDataSets({ dataDir }: { dataDir?: string } = {}): readonly DataSetSummary[] {
  return DATA_SETS.map((description) => {
    const { files, folder: _folder, load: _load, ...summary } = description;
    const folder = folderOf(description, dataDir);
    return {
      ...summary,
      embedded: files.length === 0,
      present: files.every((file) => seemsPresent(folder, file)),
      bytes: files.reduce((sum, file) => sum + (file.gzip ?? file).bytes, 0),
    };
  });
}
