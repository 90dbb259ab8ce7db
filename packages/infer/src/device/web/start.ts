import { RUNTIME_VERSION } from '../version.js';
import { type FailureEvent, page } from './page.js';

/** A build of onnxruntime-web. */
export type Build = 'wasm' | 'webgpu';

/** Parts of the addresses of a build's scripts: bundlers keep the first; the second is in the folder that `wasmPaths` names. */
const SCRIPTS: Readonly<Record<Build, readonly string[]>> = {
  wasm: ['/ort.wasm', '/ort-wasm-simd-threaded.mjs'],
  webgpu: ['/ort.webgpu', '/ort-wasm-simd-threaded.asyncify.mjs'],
};

/** Milliseconds for all of a start, and for what comes after the WebAssembly file is there. */
const LIMIT = { whole: 120_000, fetched: 20_000 } as const;

/** Files of onnxruntime-web. */
const FILES = /\.(wasm|mjs)([?#]|$)/;

/**
 * The start of onnxruntime-web: hears the failures that it does not report itself (a worker that is forbidden, an error
 * that nobody caught) and ends by itself. Where its files are to blame, the error says what was fetched.
 */
export async function watchStart<T>(
  { build, module }: Watched,
  start: () => Promise<T>,
  release: (late: T) => unknown,
): Promise<T> {
  const heard = new Heard(module === undefined ? SCRIPTS[build] : [...SCRIPTS[build], module]);
  const work = start();
  try {
    return await Promise.race([work, heard.failure]);
  } catch (error) {
    work.then(release).catch(() => undefined);
    if (error instanceof StartError) throw error;
    throw (await explained(error, heard)) ?? error;
  } finally {
    heard.end();
  }
}

/** Build of onnxruntime-web whose start is watched, and the address of its module. */
export interface Watched {
  readonly build: Build;
  /** The address of its module, where `wasmPaths` names it. */
  readonly module?: string | undefined;
}

/** A start that failed for a reason that is known. */
class StartError extends Error {
  override readonly name = 'StartError';
}

/** Whether an error tells the reason of a failed start; it may be of another copy of this package. */
export function isStartError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'StartError';
}

/** A failure that onnxruntime-web did not report. */
class Unreported extends Error {}

/** Signs of a failure, and the files that were fetched meanwhile. */
class Heard {
  readonly failure: Promise<never>;
  readonly #fetched = new Set<string>();
  readonly #stops: (() => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fail: (error: Error) => void = () => undefined;

  /** @param scripts parts of the addresses of onnxruntime's scripts */
  constructor(scripts: readonly string[]) {
    this.failure = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => undefined);
    this.#limit(LIMIT.whole);
    this.#listen('error', ({ error, message }) => {
      if (isOfWorker(error)) this.#hear(`a worker of it failed: ${messageOf(error) ?? message ?? 'no reason'}`, error);
      else if (isOf(scripts, error)) this.#hear(error.message, error);
    });
    this.#listen('unhandledrejection', ({ reason }) => {
      if (isOf(scripts, reason)) this.#hear(reason.message, reason);
    });
    this.#listen('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      // Only isolated pages get threads; elsewhere the worker is another's.
      if (effectiveDirective !== 'worker-src' || !page.crossOriginIsolated) return;
      const advice = "its threads need worker-src 'self', or use { threads: 1 }";
      this.#fail(new StartError(`the page's content security policy forbids workers (${blockedURI}): ${advice}`));
    });
    this.#observe();
  }

  /** In the order of their arrival. */
  get fetched(): readonly string[] {
    const before = page.performance?.getEntriesByType('resource') ?? [];
    return this.#fetched.size > 0
      ? [...this.#fetched]
      : before.map(({ name }) => name).filter((name) => FILES.test(name));
  }

  end(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  #hear(message: string, cause?: unknown): void {
    this.#fail(new Unreported(message, { cause }));
  }

  #limit(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hear(`no result after ${milliseconds / 1000} s`);
    }, milliseconds);
  }

  #listen(type: string, listener: (event: FailureEvent) => void): void {
    page.addEventListener?.(type, listener);
    this.#stops.push(() => page.removeEventListener?.(type, listener));
  }

  #observe(): void {
    if (page.PerformanceObserver === undefined) return;
    const observer = new page.PerformanceObserver((list) => {
      const names = list.getEntries().map(({ name }) => name);
      for (const name of names) if (FILES.test(name)) this.#fetched.add(name);
      if (names.some((name) => name.includes('.wasm'))) this.#limit(LIMIT.fetched);
    });
    observer.observe({ type: 'resource' });
    this.#stops.push(() => observer.disconnect());
  }
}

/** onnxruntime's threads throw the event with which a worker failed. */
function isOfWorker(error: unknown): boolean {
  const { target } = (error ?? {}) as { readonly target?: unknown };
  return Object.prototype.toString.call(target) === '[object Worker]';
}

function messageOf(event: unknown): string | undefined {
  const { message } = event as { readonly message?: string };
  return message;
}

/** An error from one of some scripts. Any other may be the page's own. */
function isOf(scripts: readonly string[], error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { stack = '' } = error;
  return scripts.some((script) => stack.includes(script));
}

/** Files that are none of this build's, though they are sound: their parts do not fit together. */
function isMisfit(error: unknown): boolean {
  return error instanceof Error && /LinkError|TypeError: .* is not a /.test(error.message);
}

/** The error where the files that were fetched are to blame; undefined where they are not. */
async function explained(error: unknown, heard: Heard): Promise<StartError | undefined> {
  await new Promise((resolve) => setTimeout(resolve, 50)); // the list of what was fetched comes a little later
  const message = error instanceof Error ? error.message : String(error);
  for (const file of [...heard.fetched].reverse()) {
    const fault = await faultOf(file);
    if (fault) {
      const advice = `tell where those of version ${RUNTIME_VERSION} are (option wasmPaths), then reload the page`;
      return new StartError(`onnxruntime-web's file ${file} ${fault}: ${advice} (${message})`, { cause: error });
    }
  }
  if (!(error instanceof Unreported) && !isMisfit(error)) return undefined;
  const files = heard.fetched.join(', ') || 'no file that was seen';
  const advice = `are its files of version ${RUNTIME_VERSION}, and of this device's build (option wasmPaths)?`;
  return new StartError(`onnxruntime-web did not start with ${files}: ${message}; ${advice}`, { cause: error });
}

const WASM = [0, 0x61, 0x73, 0x6d];

/** The fault of a file as it is fetched; undefined if none shows. */
async function faultOf(file: string): Promise<string | undefined> {
  try {
    const response = await fetch(file);
    if (!response.ok) return `can't be fetched: the server says ${response.status}`;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const type = response.headers.get('content-type') ?? 'unknown type';
    const start = new TextDecoder().decode(bytes.subarray(0, 15)).replace(/\s+/g, ' ').trim();
    if (!file.includes('.wasm')) return /^</.test(start) ? `is a page (${type}, '${start}'), not a script` : undefined;
    if (!WASM.every((byte, i) => bytes[i] === byte)) {
      return `is no WebAssembly (${type}, ${bytes.length} bytes that begin with '${start}')`;
    }
    if (!page.WebAssembly?.validate(bytes)) return `is cut off or damaged (${bytes.length} bytes)`;
    return undefined;
  } catch (error) {
    return `can't be fetched: ${error instanceof Error ? error.message : String(error)}`;
  }
}
