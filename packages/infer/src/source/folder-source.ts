import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunFolderError } from '../errors.js';
import { MANIFEST_FILE } from '../manifest/base.js';
import { refusePipe } from '../node-files.js';
import { collectParts, type ReadOptions, type RunSource } from './source.js';

/** A run folder on disk. */
export class FolderSource implements RunSource {
  readonly location: string;

  constructor(folder: string) {
    this.location = folder;
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { signal } = options;
    const path = join(this.location, file);
    const explain = (error: unknown): Error => {
      signal?.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      return new RunFolderError('run-unreachable', `${path} can't be read: ${reason}`, { path }, { cause: error });
    };
    const found = await stat(path).catch(() => undefined);
    try {
      if (found) refusePipe(found);
    } catch (error) {
      throw explain(error);
    }
    const handle = await open(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw explain(error);
    });
    const stream = handle?.createReadStream({ highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
    return stream && collectParts(stream, options, explain);
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
