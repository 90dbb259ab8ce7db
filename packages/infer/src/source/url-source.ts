import { platform } from '#platform';
import { InputError, RunFolderError } from '../errors.js';
import { kindOf, shown } from '../typed-array.js';
import { IdleLimit } from './idle-limit.js';
import { collectParts, type ReadOptions, type RunSource } from './source.js';

/** How files are fetched. */
export interface FetchOptions {
  /** For every `fetch`: headers with a token, `credentials: 'include'` for cookies, `cache` ... but no `signal`. */
  readonly request?: RequestInit | undefined;
  /** Instead of the global `fetch`: to renew tokens, to cache, to test. */
  readonly fetch?: ((url: URL, init: RequestInit) => Promise<Response>) | undefined;
  /** Milliseconds without a byte after which a server is given up; Infinity: never. Default 60,000. */
  readonly idleTimeout?: number | undefined;
}

const DEFAULT_IDLE = 60_000;

/** A run under an http(s) URL, with or without the slash at the end. A query (a signature, a token) goes with every file. */
export class UrlSource implements RunSource {
  readonly #base: URL;
  readonly #options: FetchOptions;
  readonly #idle: number;

  /** Throws InputError when a time-out is none, `request` can't be one, or nothing can lie under the URL (`blob:`, `data:`). */
  constructor(url: URL, options: FetchOptions = {}) {
    this.#base = new URL(url);
    if (!URL.canParse('file', this.#base.href)) {
      throw new InputError(`no folder can lie under a ${url.protocol} URL: load the run as a RunSource`);
    }
    checkRequest(options.request);
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    this.#options = options;
    this.#idle = options.idleTimeout ?? DEFAULT_IDLE;
    if (!(typeof this.#idle === 'number' && this.#idle > 0)) {
      throw new InputError(`idleTimeout must be a number of milliseconds above 0, not ${shown(this.#idle)}`);
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
      if (typeof response?.status !== 'number') {
        throw unreachable(url, `option 'fetch' gave ${kindOf(response)}, not a Response`, {});
      }
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

/** A body's parts. (Safari can't iterate over bodies, and the fetch of some libraries gives no web stream.) */
async function* partsOf(response: Response, idle: IdleLimit): AsyncGenerator<Uint8Array> {
  const { body } = response;
  if (body !== null && typeof body?.getReader !== 'function') {
    yield new Uint8Array(await idle.wait(response.arrayBuffer()));
    return;
  }
  const reader = body?.getReader();
  for (;;) {
    const { done, value } = (await (reader && idle.wait(reader.read()))) ?? { done: true };
    if (done || !value) return;
    yield value;
  }
}

/** Throws InputError unless it may go with every `fetch`. */
function checkRequest(request: RequestInit | undefined): void {
  if (request === undefined || request === null) return;
  if (typeof request !== 'object') throw new InputError(`request must be an object, not ${kindOf(request)}`);
  if (request.signal) throw new InputError("request takes no signal: give it as the load's own option 'signal'");
}

/** The address for messages: without the query and the password that may give access. */
export function withoutSecrets(url: URL): string {
  const bare = new URL(url);
  for (const part of ['search', 'hash', 'username', 'password'] as const) bare[part] = '';
  return bare.href;
}

function unreachable(
  url: URL,
  reason: string,
  options: ErrorOptions,
  code: 'run-unreachable' | 'run-cross-origin' = 'run-unreachable',
): RunFolderError {
  const address = withoutSecrets(url);
  return new RunFolderError(
    code,
    `${address} can't be fetched: ${reason.replaceAll(url.href, address)}`,
    { url: address },
    options,
  );
}

/** Node's `fetch` tells the reason in its error's cause. */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const told = cause instanceof Error && cause.message !== '' ? cause : error;
  return told instanceof Error ? told.message : String(told);
}
