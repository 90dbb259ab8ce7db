import type { RunFolderError } from '../errors.js';

/** Where a run's files are read from: a folder, or the same under a URL. */
export interface RunSource {
  /** Name of the source in messages. */
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

/**
 * A file's bytes from its parts, up to the limit and a part more. `explain` makes the error for parts that don't come; an
 * error thrown by the caller's `onBytes` is the caller's.
 */
export async function collectParts(
  parts: AsyncIterable<Uint8Array>,
  { limit = Number.POSITIVE_INFINITY, onBytes }: ReadOptions,
  explain: (error: unknown, size: number) => Error,
): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  let size = 0;
  const iterator = parts[Symbol.asyncIterator]();
  try {
    while (size <= limit) {
      const next = await iterator.next().catch((error: unknown) => {
        throw explain(error, size);
      });
      if (next.done) break;
      collected.push(next.value);
      size += next.value.length;
      await onBytes?.(size);
    }
  } finally {
    await iterator.return?.();
  }
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const part of collected) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
