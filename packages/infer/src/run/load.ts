import { describe, type TensorSpec } from '../arrays/tensor.js';
import { openDevice } from '../device/open.js';
import type { ComputeDevice, DeviceOptions, Session } from '../device/types.js';
import { AbortError, GraphError, InputError, RunFolderError } from '../errors.js';
import type { Manifest, Model } from '../kinds/index.js';
import type { AnyKind, ManifestOfKind, ModelOfKind } from '../kinds/kind.js';
import { createModel, type KindOptions, kindNamed } from '../kinds/registry.js';
import { checkRoles } from '../kinds/roles.js';
import { type AnyManifest, type GraphEntry, MANIFEST_FILE, type ValueEntry } from '../manifest/base.js';
import type { RunFile } from '../manifest/run-file.js';
import { checkOptions } from '../options.js';
import type { RunSource } from '../source/source.js';
import type { FetchOptions } from '../source/url-source.js';
import { shown } from '../typed-array.js';
import { type AnyKindOptions, graphFiles, parseManifest } from './manifest.js';
import { bytesOf, fileOf, isHtml, nameOf, openSource, type RunLocation, readExternalData } from './read-files.js';

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
  checkRoles(kindNamed(manifest.kind, options.kinds), manifest, source.location);
  const read = runFileReader(source, graphFiles(manifest.graphs), options);
  const device = await openDevice(options);
  try {
    const graphs: Record<string, Session> = {};
    for (const [name, entry] of Object.entries(manifest.graphs)) {
      const bytes = await read(entry);
      const externalData = await readExternalData(entry, read);
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

/** Throws GraphError unless the bytes are a graph with the inputs and outputs of its entry. */
export async function openGraph(
  location: string,
  entry: GraphEntry,
  bytes: Uint8Array,
  device: ComputeDevice,
  externalData?: Readonly<Record<string, Uint8Array>>,
): Promise<Session> {
  const name = `${location}: ${entry.file}`;
  const session = await device.open(bytes, { name, externalData });
  checkSignature(name, 'input', session.inputs, entry.inputs);
  checkSignature(name, 'output', session.outputs, entry.outputs);
  return session;
}

/** Free dimensions may differ in name; a graph's output may leave free what the manifest knows. */
function checkSignature(
  name: string,
  role: 'input' | 'output',
  found: Readonly<Record<string, TensorSpec>>,
  expected: Readonly<Record<string, ValueEntry>>,
): void {
  for (const [value, { dtype, shape }] of Object.entries(expected)) {
    const spec = found[value];
    const fits =
      spec?.dtype === dtype &&
      spec.shape.length === shape.length &&
      spec.shape.every((size, axis) =>
        typeof size === 'string' ? role === 'output' || typeof shape[axis] === 'string' : size === shape[axis],
      );
    if (fits) continue;
    const actual = spec ? describe(spec.dtype, spec.shape) : 'missing';
    throw new GraphError(
      'graph-signature',
      `${name}: ${role} '${value}' is ${actual}, but the manifest says ${describe(dtype, shape)}`,
      { value, expected: { dtype, shape }, found: spec },
    );
  }
}
