import type { RunFolderError } from './errors.js';

/** Where a run's files are read from: a folder, or the same under a URL. */
export interface RunSource {
  /** What messages call it. */
  readonly location: string;
  /** The file's bytes, or undefined when there is none of that name. */
  read(file: string, options?: ReadOptions): Promise<Uint8Array | undefined>;
  /** Why the run can't be loaded when it has no manifest: an empty folder, an unfinished run ... */
  explainAbsence(): Promise<RunFolderError>;
}

export interface ReadOptions {
  /** Stop soon after this many bytes: what comes back is then longer than the limit, and not the whole file. */
  readonly limit?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of bytes read so far. */
  readonly onBytes?: (done: number) => void;
}

/** Puts the parts of a file together. */
export class PartCollector {
  readonly #parts: Uint8Array[] = [];
  readonly #options: ReadOptions;
  #size = 0;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  /** Whether there is room for more. */
  add(part: Uint8Array): boolean {
    this.#parts.push(part);
    this.#size += part.length;
    this.#options.onBytes?.(this.#size);
    return this.#size <= (this.#options.limit ?? Number.POSITIVE_INFINITY);
  }

  get size(): number {
    return this.#size;
  }

  join(): Uint8Array {
    const whole = new Uint8Array(this.#size);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }
}
