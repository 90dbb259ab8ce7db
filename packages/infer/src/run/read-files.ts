import { platform } from '#platform';
import { InputError, RunFolderError } from '../errors.js';
import type { GraphEntry } from '../manifest/base.js';
import type { RunFile } from '../manifest/run-file.js';
import { sha256 } from '../source/sha256.js';
import type { ReadOptions, RunSource } from '../source/source.js';
import { type FetchOptions, UrlSource, withoutSecrets } from '../source/url-source.js';
import { kindOf, typedArrayKind } from '../typed-array.js';

/** A folder, an http(s) URL, or anything that the files can be read from (files dropped on a page, say). */
export type RunLocation = string | URL | RunSource;

/**
 * The bytes of a file that a run's manifest lists.
 *
 * @throws RunFolderError (`graph-missing`, `graph-hash`, `run-unreachable`) when it is missing, another one, or can't be read
 */
export async function readRunFile(run: RunLocation, entry: RunFile, options: ReadOptions = {}): Promise<Uint8Array> {
  return fileOf(await openSource(run), entry, options);
}

/** A graph of a run with the files that hold its weights, as {@link readRunFile}; by the names that the graph has for them. */
export async function readGraphFiles(
  run: RunLocation,
  entry: GraphEntry,
  options: ReadOptions = {},
): Promise<{ readonly bytes: Uint8Array; readonly externalData: Record<string, Uint8Array> }> {
  const source = await openSource(run);
  const read = (file: RunFile) => fileOf(source, file, options);
  return { bytes: await read(entry), externalData: await readExternalData(entry, read) };
}

/** The location's name in messages. Throws InputError when no run can be there. */
export function nameOf(location: RunLocation): string {
  if (isSource(location)) return location.location;
  const text = addressOf(location);
  return isUrl(text) ? withoutSecrets(new URL(text)) : text;
}

/** Throws InputError when it is no place that a run can be at. */
export async function openSource(location: RunLocation, options: FetchOptions = {}): Promise<RunSource> {
  if (isSource(location)) return location;
  const text = addressOf(location);
  return isUrl(text) ? new UrlSource(new URL(text), options) : platform.openFolder(text, options);
}

/** Throws InputError when it has only a part of what a source has. */
function isSource(location: RunLocation): location is RunSource {
  const { read, explainAbsence, location: name } = (location ?? {}) as Partial<RunSource>;
  if (typeof read !== 'function') return false;
  if (typeof explainAbsence === 'function' && typeof name === 'string') return true;
  throw new InputError('a RunSource has a location (its name in messages), and the methods read and explainAbsence');
}

function addressOf(location: string | URL): string {
  // By its tag: jsdom's URL is of another realm.
  const text = Object.prototype.toString.call(location) === '[object URL]' ? (location as URL).href : location;
  if (typeof text !== 'string' || text === '') {
    const found = text === '' ? 'an empty text' : kindOf(location);
    throw new InputError(`a run is loaded from a folder, a URL or a RunSource, not from ${found}`, { location });
  }
  if (isUrl(text) && !URL.canParse(text)) {
    const shown = text.replace(/\/\/[^/]*@/, '//').replace(/[?#].*/s, ''); // without secrets
    throw new InputError(`'${shown}' is not a valid URL`, { location: shown });
  }
  return text;
}

const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** A file's bytes. Throws InputError when a caller's own source gives something else. */
export async function bytesOf(source: RunSource, file: string, options: ReadOptions): Promise<Uint8Array | undefined> {
  const bytes = (await source.read(file, options)) ?? undefined;
  if (bytes === undefined || typedArrayKind(bytes) === 'Uint8Array') return bytes;
  throw new InputError(
    `${source.location}: the RunSource gave ${kindOf(bytes)} for ${file}: it must give a Uint8Array`,
    {
      file,
    },
  );
}

/** Throws RunFolderError unless the file is there and the one that the manifest describes. */
export async function fileOf(source: RunSource, entry: RunFile, options: ReadOptions): Promise<Uint8Array> {
  const { location } = source;
  const { file } = entry;
  const bytes = await bytesOf(source, file, { ...options, limit: entry.bytes });
  if (!bytes || isHtml(bytes)) {
    const found = bytes ? 'a web page (HTML)' : 'missing';
    throw new RunFolderError('graph-missing', `${location}: ${file} is ${found}, though the manifest lists it`, {
      location,
      file,
    });
  }
  const whole = bytes.length <= entry.bytes;
  const found = whole ? await sha256(bytes) : undefined;
  if (found !== entry.sha256) {
    const size = whole ? `${bytes.length} bytes with sha256 ${found}` : `more than ${entry.bytes} bytes`;
    throw new RunFolderError(
      'graph-hash',
      `${location}: ${file} is not the file that was exported: ${size}, expected ${entry.bytes} bytes with ${entry.sha256}`,
      { location, file, found, expected: entry.sha256 },
    );
  }
  return bytes;
}

/** The files that hold a graph's weights, by the names that the graph locates them by: relative to its own. */
export async function readExternalData(
  { externalData = [] }: GraphEntry,
  read: (file: RunFile) => Promise<Uint8Array>,
): Promise<Record<string, Uint8Array>> {
  const files: [string, Uint8Array][] = [];
  for (const entry of externalData) {
    files.push([entry.file.slice(entry.file.lastIndexOf('/') + 1), await read(entry)]);
  }
  return Object.fromEntries(files);
}

/** Servers answer unknown addresses with a page. No ONNX file and no JSON begins so. */
export function isHtml(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype|html|head|body|!--)/i.test(new TextDecoder().decode(bytes.subarray(0, 200)));
}
