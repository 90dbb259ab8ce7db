import { platform } from '#platform';
import { RunFolderError } from './errors.js';
import { PartCollector, type ReadOptions, type RunSource } from './source.js';

/** A run under an http(s) URL, with or without the slash at the end. A query (a signature, a token) goes with every file. */
export class UrlSource implements RunSource {
  readonly #base: URL;

  constructor(url: URL) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
  }

  get location(): string {
    return withoutSecrets(this.#base);
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { signal } = options;
    const url = new URL(file, this.#base);
    url.search = this.#base.search;
    const response = await fetch(url, signal ? { signal } : {}).catch(async (error: unknown) => {
      signal?.throwIfAborted();
      const failure = await platform.explainFetch(url);
      throw unreachable(url, failure?.reason ?? reasonOf(error), { cause: error }, failure?.code);
    });
    if (response.status === 404) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw unreachable(url, `the server says ${`${response.status} ${response.statusText}`.trim()}`, {});
    }
    const parts = new PartCollector(options);
    try {
      await drain(response, parts);
    } catch (error) {
      signal?.throwIfAborted();
      throw unreachable(url, `the transfer broke off after ${parts.size} bytes: ${reasonOf(error)}`, { cause: error });
    }
    return parts.join();
  }

  async explainAbsence(): Promise<RunFolderError> {
    const { location } = this;
    return new RunFolderError('run-missing', `there is no run at ${location} (manifest.json was not found)`, {
      location,
    });
  }
}

/** A body's parts until its end or until the collector is full. (Safari can't iterate over bodies.) */
async function drain({ body }: Response, parts: PartCollector): Promise<void> {
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done || !value) return;
    if (!parts.add(value)) return reader?.cancel();
  }
}

/** The address for messages: without the query and the password that may give access. */
export function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  for (const part of ['search', 'hash', 'username', 'password'] as const) shown[part] = '';
  return shown.href;
}

function unreachable(
  url: URL,
  reason: string,
  options: ErrorOptions,
  code: 'run-unreachable' | 'run-cross-origin' = 'run-unreachable',
): RunFolderError {
  const shown = withoutSecrets(url);
  return new RunFolderError(
    code,
    `${shown} can't be fetched: ${reason.replaceAll(url.href, shown)}`,
    { url: shown },
    options,
  );
}

/** Node's `fetch` tells the reason in its error's cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const told = cause instanceof Error && cause.message !== '' ? cause : error;
  return told instanceof Error ? told.message : String(told);
}
