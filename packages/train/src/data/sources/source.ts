import type { DataFile, DataReference, Splits, Vocabularies } from '../data-set.js';

/** The data that a source found. */
export interface OpenedData {
  readonly splits: Splits;
  /** The content that was read: its name and hash. */
  readonly files: readonly DataFile[];
  readonly vocabularies?: Vocabularies;
  /** One clause: `412 images of 3 classes, 28 x 28, grey`. */
  readonly found: string;
}

/** Services for a source that opens. */
export interface OpenContext {
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the number of files that have been read. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
  /** More bytes of pixels than this are not kept in memory, but decoded whenever they are used. Default: 1 GiB. */
  readonly keptBytes?: number | undefined;
}

/** A way in which users keep data of their own; a driver of `--data PATH`. */
export interface DataSource {
  readonly format: string;
  /** A noun phrase for messages: `a folder of images`. */
  readonly says: string;
  /** Whether `path`, which exists, is of this format; judged by names, not by content. */
  recognises(path: string): Promise<boolean>;
  /**
   * Reads all of it; what is too large for the memory is read again when it is used.
   *
   * @throws DataError naming the file, what was found, what is wanted
   */
  open(reference: DataReference, context?: OpenContext): Promise<OpenedData>;
}
