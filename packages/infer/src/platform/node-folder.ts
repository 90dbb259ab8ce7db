import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolderError } from '../errors.js';
import { MANIFEST_FILE } from '../manifest.js';
import { PartCollector, type ReadOptions, type RunSource } from '../source.js';

/** A run folder on disk. */
export class FolderSource implements RunSource {
  readonly location: string;

  constructor(folder: string) {
    this.location = folder;
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { signal } = options;
    const path = join(this.location, file);
    const parts = new PartCollector(options);
    try {
      const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
      for await (const part of stream) if (!parts.add(part as Buffer)) break;
      return parts.join();
    } catch (error) {
      signal?.throwIfAborted();
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new RunFolderError('run-unreachable', `${path} can't be read: ${reason}`, { path }, { cause: error });
    }
  }

  async explainAbsence(): Promise<RunFolderError> {
    const { location } = this;
    try {
      const files = await readdir(location);
      return files.length === 0
        ? new RunFolderError('run-missing', `the folder ${location} is empty: there is no run in it`, { location })
        : new RunFolderError(
            'run-incomplete',
            `${location} has no ${MANIFEST_FILE}: it is not a run folder, or its training has not finished (resume it)`,
            { location, files },
          );
    } catch (error) {
      const what =
        codeOf(error) === 'ENOTDIR' ? `${location} is a file, not a run folder` : `there is no folder ${location}`;
      return new RunFolderError('run-missing', what, { location }, { cause: error });
    }
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
