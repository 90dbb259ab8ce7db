import { platform } from '#platform';
import { InputError, RunFolderError } from './errors.js';
import { IdleLimit } from './idle-limit.js';
import { collectParts, type ReadOptions, type RunSource } from './source.js';

/** How files are fetched. */
export interface FetchOptions {
  /** For every `fetch`: headers with a token, `credentials: 'include'` for cookies, `cache` ... */
  readonly request?: RequestInit | undefined;
  /** Instead of the global `fetch`: to renew tokens, to cache, to test. */
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined;
  /** Milliseconds without a byte after which a server is given up. Default 60,000. */
  readonly idleTimeout?: number | undefined;
}

const DEFAULT_IDLE = 60_000;

/** A run under an http(s) URL, with or without the slash at the end. A query (a signature, a token) goes with every file. */
export class UrlSource implements RunSource {
  readonly #base: URL;
  readonly #options: FetchOptions;
  readonly #idle: number;

  /** Throws InputError when a time-out is none. */
  constructor(url: URL, options: FetchOptions = {}) {
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this.#options = options;
    this.#idle = options.idleTimeout ?? DEFAULT_IDLE;
    if (!(this.#idle > 0)) {
      throw new InputError(`idleTimeout must be a number of milliseconds above 0, not ${this.#idle}`);
    }
  }

  get location(): string {
    return withoutSecrets(this.#base);
  }

  async read(file: string, options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    const { signal } = options;
    const url = new URL(file, this.#base);
    url.search = this.#base.search;
    const idle = new IdleLimit(this.#idle, signal);
    try {
      const response = await this.#fetch(url, idle).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw error;
      });
      if (response.status === 404) return undefined;
      if (!response.ok) {
        throw unreachable(url, `the server says ${`${response.status} ${response.statusText}`.trim()}`, {});
      }
      return await collectParts(partsOf(response, idle), options, (error, size) => {
        signal?.throwIfAborted();
        const reason = `the transfer broke off after ${size} bytes: ${reasonOf(error)}`;
        return unreachable(url, reason, { cause: error });
      });
    } finally {
      idle.end();
    }
  }

  async explainAbsence(): Promise<RunFolderError> {
    const { location } = this;
    return new RunFolderError('run-missing', `there is no run at ${location} (manifest.json was not found)`, {
      location,
    });
  }

  async #fetch(url: URL, idle: IdleLimit): Promise<Response> {
    const { request, fetch = globalThis.fetch } = this.#options;
    if (typeof fetch !== 'function') {
      throw unreachable(url, "there is no fetch here (jsdom has none): give one, option 'fetch'", {});
    }
    if (url.username !== '' || url.password !== '') {
      const advice = "option 'request': { headers: { authorization: ... } }";
      throw unreachable(url, `fetch takes no user name and password in a URL; send them by ${advice}`, {});
    }
    try {
      return await idle.wait(fetch(url, { ...request, signal: idle.signal }));
    } catch (error) {
      const failure = idle.expired ? undefined : await idle.wait(platform.explainFetch(url)).catch(() => undefined);
      throw unreachable(url, failure?.reason ?? reasonOf(error), { cause: error }, failure?.code);
    }
  }
}

/** A body's parts. (Safari can't iterate over bodies.) */
async function* partsOf({ body }: Response, idle: IdleLimit): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await (reader && idle.wait(reader.read()))) ?? { done: true };
    if (done || !value) return;
    yield value;
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
