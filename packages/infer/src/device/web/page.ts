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

/** Resolves a URL against the page (in a worker: against its script). */
export function absoluteUrl(url: string): string {
  return new URL(url, page.document?.baseURI ?? page.location?.href).href;
}
