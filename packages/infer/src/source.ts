import { RunFolderError } from './errors.js';

/** Where a run's files are read from: a folder, or the same under a URL. */
export interface RunSource {
  /** What messages call it. */
  readonly location: string;
  /** The file's bytes, or undefined when there is none of that name. */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Why the run can't be loaded when it has no manifest: an empty folder, an unfinished run ... */
  explainAbsence(): Promise<RunFolderError>;
}

/** A run under an http(s) URL, with or without the slash at the end. */
export class UrlSource implements RunSource {
  readonly #base: URL;

  constructor(url: URL) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
  }

  get location(): string {
    return this.#base.href;
  }

  async read(file: string): Promise<Uint8Array | undefined> {
    const url = new URL(file, this.#base);
    const response = await fetch(url).catch((error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : error;
      throw new RunFolderError(
        'run-unreachable',
        `${url} can't be fetched: ${cause}`,
        { url: url.href },
        { cause: error },
      );
    });
    if (response.status === 404) return undefined;
    if (!response.ok) {
      const status = `${response.status} ${response.statusText}`.trim();
      throw new RunFolderError('run-unreachable', `${url} can't be fetched: the server says ${status}`, {
        url: url.href,
        status: response.status,
      });
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  async explainAbsence(): Promise<RunFolderError> {
    const { location } = this;
    return new RunFolderError('run-missing', `there is no run at ${location} (manifest.json was not found)`, {
      location,
    });
  }
}
