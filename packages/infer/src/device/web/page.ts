import { InputError } from '../../errors.js';

/** What a page or a worker has, as far as the drivers look at it. */
interface Page {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly href: string };
  readonly navigator?: { readonly gpu?: Gpu; readonly userAgent?: string };
  readonly isSecureContext?: boolean;
  readonly WebAssembly?: object;
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

/** WebGPU's GPUAdapter. */
export interface Adapter {
  readonly info?: {
    readonly vendor?: string;
    readonly architecture?: string;
    readonly isFallbackAdapter?: boolean;
  };
  readonly isFallbackAdapter?: boolean;
}

export const page: Page = globalThis as Page;

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
