import { InputError } from '../../errors.js';

/** Globals of a page or worker that the drivers read. */
interface Page {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string };
  readonly navigator?: { readonly gpu?: Gpu; readonly userAgent?: string; readonly hardwareConcurrency?: number };
  readonly caches?: { open(name: string): Promise<Cache> };
  readonly isSecureContext?: boolean;
  readonly crossOriginIsolated?: boolean;
  readonly WebAssembly?: { validate(bytes: Uint8Array): boolean };
  readonly ServiceWorkerGlobalScope?: unknown;
  readonly performance?: { getEntriesByType(type: string): readonly ResourceEntry[] };
  readonly PerformanceObserver?: new (
    callback: (list: { getEntries(): readonly ResourceEntry[] }) => void,
  ) => { observe(options: { readonly type: string }): void; disconnect(): void };
  addEventListener?(type: string, listener: (event: FailureEvent) => void): void;
  removeEventListener?(type: string, listener: (event: FailureEvent) => void): void;
}

/** A file that was fetched. */
export interface ResourceEntry {
  readonly name: string;
}

/** An error event, an unhandled rejection, or a violation of the page's policy. */
export interface FailureEvent {
  readonly error?: unknown;
  readonly message?: string;
  readonly reason?: unknown;
  readonly effectiveDirective?: string;
  readonly blockedURI?: string;
}

/** A cache of the browser's. */
interface Cache {
  match(url: string): Promise<{ text(): Promise<string> } | undefined>;
  put(url: string, response: Response): Promise<void>;
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/** WebGPU's GPUAdapter. */
export interface Adapter {
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly device?: string;
    readonly description?: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
}

export const page: Page = globalThis as unknown as Page;

/** Resolves a URL against the page (in a worker: against its script). Throws InputError when that is impossible. */
export function absoluteUrl(url: string): string {
  const base = page.document?.baseURI ?? page.location?.href;
  if (URL.canParse(url, base)) return new URL(url, base).href;
  const advice = "pass the page's, new URL('...', document.baseURI).href";
  throw new InputError(
    `'${url}' can't be resolved: it is relative, and ${base ?? 'this place'} can't be its base (a worker made from a blob has no folder); ${advice}`,
    { url, base },
  );
}
