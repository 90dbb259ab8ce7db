import { openFastest } from '../device/fastest.js';
import type { DeviceOptions, Session } from '../device/types.js';
import { AbortError, InputError, RunFolderError } from '../errors.js';
import type { Manifest, Model } from '../kinds/index.js';
import type { AnyKind, ManifestOfKind, ModelOfKind } from '../kinds/kind.js';
import { createModel, type KindOptions, kindNamed } from '../kinds/registry.js';
import { checkRoles } from '../kinds/roles.js';
import { type AnyManifest, MANIFEST_FILE } from '../manifest/base.js';
import type { RunFile } from '../manifest/run-file.js';
import { checkOptions } from '../options.js';
import type { RunSource } from '../source/source.js';
import type { FetchOptions } from '../source/url-source.js';
import { shown } from '../typed-array.js';
import { type AnyKindOptions, graphFiles, parseManifest } from './manifest.js';
import { openGraph } from './open-graph.js';
import { bytesOf, fileOf, isHtml, nameOf, openSource, type RunLocation, readExternalData } from './read-files.js';
import { graphWorkload } from './workload.js';

/** How far a load is, in bytes of graphs. */
export interface LoadProgress {
  readonly done: number;
  /** From the manifest. */
  readonly total: number;
  /** The file that is being read. */
  readonly file: string;
}

export interface LoadOptions extends DeviceOptions, FetchOptions {
  /** Called while the graphs arrive; a promise that it gives is waited for. An error of either ends the load as it is. */
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  /** Gives the load up: it throws AbortError, whose `cause` is the signal's reason, and frees what was opened. */
  readonly signal?: AbortSignal | undefined;
  /** The most bytes that the manifest may have, and all graphs together; default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /**
   * How device `auto` chooses in a browser that has both WebGPU and WebAssembly. `once`: the graphs are timed on both, for about
   * a second, and the faster device is remembered for these graphs, this adapter and this number of threads. `again`: timed,
   * whatever is remembered. `never`: WebGPU, untimed. Default `once`.
   */
  readonly measure?: 'once' | 'again' | 'never' | undefined;
}

const DEFAULT_LIMIT = 2 ** 30;

/**
 * Loads a trained run, from a folder or from the http(s) URL under which the folder lies (in a browser also a URL
 * relative to the page, in a worker to the worker's script). The manifest's `kind` decides the methods: narrow on `model.kind`.
 *
 * Throws RunFolderError (no run there, unfinished, from a newer version, out of reach, too large, a graph missing or not
 * the one that the manifest describes), GraphError (not an ONNX file, or not of the shapes in the manifest), DeviceError
 * or AbortError. Kinds of one's own are given as `kinds`: see `defineKind`.
 */
export async function load<Own extends AnyKind>(
  location: RunLocation,
  options: LoadOptions & KindOptions<Own>,
): Promise<Model | ModelOfKind<Own>>;
export async function load(location: RunLocation, options?: LoadOptions): Promise<Model>;
export async function load(
  location: RunLocation,
  options: LoadOptions & Partial<KindOptions> = {},
): Promise<Model | ModelOfKind<AnyKind>> {
  checkOptions('a load', options);
  const name = nameOf(location);
  return abortable(name, options.signal, loadModel(location, options), (late) => late.dispose());
}

/** Options of {@link loadManifest}. */
export type ManifestOptions = Pick<LoadOptions, 'signal' | 'maxBytes' | keyof FetchOptions>;

/** A run's manifest alone; the graphs are not looked at. Throws RunFolderError or AbortError. */
export async function loadManifest<Own extends AnyKind>(
  location: RunLocation,
  options: ManifestOptions & KindOptions<Own>,
): Promise<Manifest | ManifestOfKind<Own>>;
export async function loadManifest(
  location: RunLocation,
  options: ManifestOptions & AnyKindOptions,
): Promise<AnyManifest>;
export async function loadManifest(location: RunLocation, options?: ManifestOptions): Promise<Manifest>;
export async function loadManifest(
  location: RunLocation,
  options: ManifestOptions & Partial<KindOptions | AnyKindOptions> = {},
): Promise<AnyManifest> {
  checkOptions('a load', options);
  const name = nameOf(location);
  const reading = openSource(location, options).then((source) => readManifest(source, options));
  return abortable(name, options.signal, reading);
}

async function loadModel<Own extends AnyKind>(
  location: RunLocation,
  options: LoadOptions & Partial<KindOptions<Own>>,
): Promise<Model | ModelOfKind<Own>> {
  const source = await openSource(location, options);
  const manifest = await readManifest(source, options);
  const kind = kindNamed(manifest.kind, options.kinds);
  checkRoles(kind, manifest, source.location);
  const read = keeping(runFileReader(source, graphFiles(manifest.graphs), options));
  const workload = graphWorkload(source.location, kind, manifest, async (_, entry) => ({
    bytes: await read.ahead(entry),
    externalData: await readExternalData(entry, read.ahead),
  }));
  const device = await openFastest(workload, options);
  try {
    const graphs: Record<string, Session> = {};
    for (const [name, entry] of Object.entries(manifest.graphs)) {
      const bytes = await read.once(entry);
      const externalData = await readExternalData(entry, read.once);
      graphs[name] = await openGraph(source.location, entry, bytes, device, externalData);
    }
    return createModel({ location: source.location, manifest, device, graphs }, options.kinds);
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** Reads some files of a run, telling how far it is with them all. Throws RunFolderError when they are too large together. */
export function runFileReader(
  source: RunSource,
  files: readonly RunFile[],
  options: Pick<LoadOptions, 'signal' | 'onProgress' | 'maxBytes'>,
): (file: RunFile) => Promise<Uint8Array> {
  const { signal, onProgress } = options;
  const limit = limitOf(options);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > limit) throw tooLarge(`${source.location}: its graphs have ${total} bytes together`, limit);
  let before = 0;
  return async (entry) => {
    signal?.throwIfAborted();
    const { file } = entry;
    const onBytes = (done: number) => onProgress?.({ done: Math.min(before + done, total), total, file });
    const bytes = await fileOf(source, entry, { signal, onBytes });
    before += entry.bytes;
    signal?.throwIfAborted();
    return bytes;
  };
}

/** Files that are read ahead are kept until they are read again, once. */
function keeping(read: (file: RunFile) => Promise<Uint8Array>): Record<'ahead' | 'once', typeof read> {
  const kept = new Map<RunFile, Uint8Array>();
  return {
    async ahead(file) {
      const bytes = await read(file);
      kept.set(file, bytes);
      return bytes;
    },
    async once(file) {
      const bytes = kept.get(file) ?? (await read(file));
      kept.delete(file);
      return bytes;
    },
  };
}

/** Rejects as soon as the signal says so; what the work gives after that goes to `release`. */
export async function abortable<T>(
  location: string,
  signal: AbortSignal | undefined,
  work: Promise<T>,
  release: (late: T) => unknown = () => undefined,
): Promise<T> {
  if (!signal) return work;
  const fail = (): never => {
    throw new AbortError(`loading ${location}`, signal.reason);
  };
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([work, aborted.then(fail)]);
  } catch (error) {
    work.then(release).catch(() => undefined);
    return signal.aborted ? fail() : Promise.reject(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function limitOf({ maxBytes = DEFAULT_LIMIT }: Pick<LoadOptions, 'maxBytes'>): number {
  if (!(typeof maxBytes === 'number' && maxBytes > 0))
    throw new InputError(`maxBytes must be a number of bytes above 0, not ${shown(maxBytes)}`, { maxBytes });
  return maxBytes;
}

function tooLarge(what: string, limit: number): RunFolderError {
  return new RunFolderError('run-too-large', `${what}, more than the limit of ${limit} (option maxBytes)`, { limit });
}

/** A run's manifest, checked. */
export async function readManifest(
  source: RunSource,
  options: Pick<LoadOptions, 'signal' | 'maxBytes'> & Partial<KindOptions | AnyKindOptions>,
): Promise<AnyManifest> {
  const { signal } = options;
  const kinds = options.kinds ?? [];
  const limit = limitOf(options);
  const bytes = await bytesOf(source, MANIFEST_FILE, { limit, signal });
  if (!bytes) throw await source.explainAbsence();
  const from = `${source.location}: ${MANIFEST_FILE}`;
  if (bytes.length > limit) throw tooLarge(`${from} has more than ${limit} bytes`, limit);
  if (isHtml(bytes)) {
    throw new RunFolderError(
      'manifest-invalid',
      `${from} is a web page (HTML), not a manifest; is that the address of a run folder?`,
      { location: source.location },
    );
  }
  const text = new TextDecoder().decode(bytes);
  return kinds === 'any' ? parseManifest(text, from, { kinds }) : parseManifest(text, from, { kinds });
}
