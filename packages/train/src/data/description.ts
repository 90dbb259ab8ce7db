import type { Splits } from './data-set.js';
import type { FileContent } from './formats/gzip.js';

/** A file of a data set as its authors publish it, packed or not. */
export interface FileDescription {
  /** Name of the unpacked file; the packed one is `${name}.gz`. Either may lie in the data folder. */
  readonly name: string;
  /** Size and hash of the unpacked content: the file's identity, however it was packed. */
  readonly bytes: number;
  readonly sha256: string;
  /** The packed file where one is published; others with the same content are accepted too. */
  readonly gzip?: { readonly bytes: number; readonly sha256: string };
  /** Where to download it, packed or not, in the order to try. */
  readonly urls: readonly string[];
  /** The archive that its authors publish it in, which may lie in the data folder in its place, unpacked or not. */
  readonly within?: ArchiveMember;
  /** It is many files: `bytes` and `sha256` are those of `contentsHash`, and any archive or folder of them will do. */
  readonly contents?: ContentsDescription;
  /** Where no server has it: how to come by it, as a sentence. */
  readonly advice?: string;
}

/** A file of an archive. */
export interface ArchiveMember {
  /** Name of the archive. */
  readonly archive: string;
  /** Where to download the archive, in the order to try. */
  readonly urls: readonly string[];
  /** Path of the file; folders above it are no matter. */
  readonly member: string;
  /** The file is these first bytes of the member. Default: all. */
  readonly first?: number;
}

/** Many files that are known by their names and bytes, however they are packed. */
export interface ContentsDescription {
  readonly count: number;
  /** Which paths of an archive or folder are files of it, and their own names. */
  choose(paths: readonly string[]): ReadonlyMap<string, string>;
}

/** Services for a data set while it loads. */
export interface LoadContext {
  /** Content of one of the set's `files` by its `name`: found, hash checked, unpacked. */
  read(name: string): Promise<FileContent>;
  /** Files of one of the set's `contents`, by their own names: found, hash checked. */
  readContents(name: string): Promise<ReadonlyMap<string, FileContent>>;
  /** Seed of whatever the set draws at random (a generated set's images). */
  readonly seed: number;
}

/**
 * Everything there is to know about a data set. Adding one: write this in a file under `sets/` (or, for a generated
 * set, under `synthetic/`), and add it to the list in `sets/registry.ts`.
 */
export interface DataSetDescription {
  readonly name: string;
  readonly title: string;
  /** Its task, in a few words. */
  readonly task: string;
  /** Whom to cite. */
  readonly source: string;
  readonly terms: string;
  /** Examples per split. */
  readonly sizes: Readonly<Record<keyof Splits, number>>;
  /** Folder of the files under the data folder. */
  readonly folder: string;
  /** None for a generated set. */
  readonly files: readonly FileDescription[];
  load(context: LoadContext): Promise<Splits>;
}
