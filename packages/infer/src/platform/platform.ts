import type { Driver, Measuring } from '../device/driver.js';
import type { Device } from '../device/types.js';
import type { RunSource } from '../source/source.js';
import type { FetchOptions } from '../source/url-source.js';

/** Functions that differ between Node and browsers: `#platform` is `node.ts` or `browser.ts`, by the conditions in package.json. */
export interface Platform {
  /** The devices, in the order in which `auto` prefers them. */
  readonly drivers: readonly Driver[];
  /** Where `auto` takes the fastest one for a run that is loaded; undefined: the first that works. */
  readonly measuring?: Measuring;
  /** Why each of the other devices is not here. */
  readonly elsewhere: Readonly<Partial<Record<Device, string>>>;
  /** A run at a path of this platform, or at a file: URL. Throws InputError when it can't be one. */
  openFolder(path: string, options: FetchOptions): Promise<RunSource>;
  /** Calls `work` with the start of a file path; returns the text of the file that it left there. */
  withTemporaryFile(work: (prefix: string) => Promise<void>): Promise<string>;
  /** Why a URL can't be fetched, beyond what `fetch` says of it. */
  explainFetch(url: URL): Promise<FetchFailure | undefined>;
}

export interface FetchFailure {
  readonly code: 'run-cross-origin' | 'run-unreachable';
  readonly reason: string;
}
