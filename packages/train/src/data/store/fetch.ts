import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAlive } from '@onnx-forge/infer/node-files';
import type { DataFile } from '../data-set.js';
import type { DataSetDescription, FileDescription } from '../description.js';
import { DataError } from '../errors.js';
import { describeDataSet } from '../sets/registry.js';
import { checkFile, folderOf, knownForms } from './files.js';

export interface FetchProgress {
  readonly dataSet: string;
  readonly file: string;
  readonly url: string;
  readonly received: number;
  /** Bytes of this file, as far as the server tells. */
  readonly total: number | undefined;
}

export interface FetchOptions {
  readonly dataDir?: string;
  readonly signal?: AbortSignal;
  /** Called with every block that arrives. */
  readonly onProgress?: (progress: FetchProgress) => void;
  /** A server that sends nothing for this long is given up, in milliseconds. Default 30,000. */
  readonly stallTimeout?: number;
}

export interface FetchedFile extends DataFile {
  readonly path: string;
  /** `present`: a good file was there already and was left alone. */
  readonly status: 'present' | 'downloaded';
  readonly url?: string;
}

/** No connection at all, as opposed to an answer that was no good. */
const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Failure of one server; the next one is tried. */
class TransferError extends Error {
  constructor(
    readonly url: string,
    message: string,
    readonly unreachable = false,
  ) {
    super(message);
  }
}

/**
 * Downloads what is missing or damaged of a data set, each file from the first of its URLs that has it, size and hash
 * checked while it arrives. A file appears under its name only when it is whole (temporary file, then rename); a good
 * file is never touched.
 *
 * @throws DataError unknown name, no URL worked (says what each did), folder not writable; the signal's reason when aborted
 */
export async function fetchDataSet(
  set: string | DataSetDescription,
  options: FetchOptions = {},
): Promise<readonly FetchedFile[]> {
  const description = typeof set === 'string' ? describeDataSet(set) : set;
  const folder = folderOf(description, options.dataDir);
  const fetched: FetchedFile[] = [];
  for (const file of description.files) {
    options.signal?.throwIfAborted();
    const { match, path } = await checkFile(folder, file, options.signal);
    fetched.push(match ? { ...match, path, status: 'present' } : await fetchFile(description, file, folder, options));
  }
  return fetched;
}

/** Something to download: a file, or the archive that it is in. */
interface Download {
  /** Its name in the data folder, if `forms` do not say it. */
  readonly name: string;
  readonly urls: readonly string[];
  /** The bytes that it may be; of an archive they are not known, only those of what is in it. */
  readonly forms?: readonly DataFile[];
}

/** An archive is not downloaded beyond this. */
const LARGEST_ARCHIVE = 4 * 2 ** 30;

function downloadOf(file: FileDescription): Download {
  const { name, urls, within, contents } = file;
  if (within) return { name: within.archive, urls: within.urls };
  if (contents) return { name: basename(new URL(urls[0] ?? 'file:///none').pathname), urls };
  return { name, urls, forms: knownForms(file) };
}

async function fetchFile(
  { name: dataSet }: DataSetDescription,
  file: FileDescription,
  folder: string,
  options: FetchOptions,
): Promise<FetchedFile> {
  const wanted = downloadOf(file);
  const place = join(folder, wanted.urls.length > 0 ? wanted.name : file.name);
  if (wanted.urls.length === 0) {
    const { advice, bytes, sha256 } = file;
    const hand = advice ?? `Put the file there by hand: ${bytes} bytes with sha256 ${sha256}`;
    const message = `can't fetch ${place}: no server is known that has it in this form. ${capital(hand)}`;
    throw new DataError('data-download', message, { dataSet, file: file.name });
  }
  await writing(folder, () => mkdir(folder, { recursive: true }));
  const failures: TransferError[] = [];
  for (const url of wanted.urls) {
    try {
      const { path, ...form } = await download(dataSet, wanted, url, folder, options);
      if (wanted.forms) return { ...form, path, status: 'downloaded', url };
      const { match, detail } = await checkFile(folder, file, options.signal);
      if (match) return { ...match, path, status: 'downloaded', url };
      await rm(path);
      throw new TransferError(url, `sent an archive that has it not: ${detail}`);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof TransferError)) throw error;
      failures.push(error);
    }
  }
  const tried = failures.map(({ url, message }) => `${url}: ${message}`).join('; ');
  const offline = failures.every((failure) => failure.unreachable);
  const cause = offline ? 'no server could be reached; is this machine online?' : 'no server had a good copy.';
  const advice = `Or put the file there by hand (sha256 ${file.sha256} when unpacked)`;
  const data = { dataSet, file: file.name, offline, failures: failures.map(({ url, message }) => ({ url, message })) };
  throw new DataError('data-download', `can't fetch ${place}: ${cause} ${advice}. Tried ${tried}`, data);
}

function capital(sentence: string): string {
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
}

async function download(
  dataSet: string,
  file: Download,
  url: string,
  folder: string,
  { signal, onProgress, stallTimeout = 30_000 }: FetchOptions,
): Promise<DataFile & { readonly path: string }> {
  const { forms } = file;
  const largest = forms ? Math.max(...forms.map((form) => form.bytes)) : LARGEST_ARCHIVE;
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), stallTimeout);
  await removeLeftovers(folder, `.${file.name}.`);
  const temporary = join(folder, `.${file.name}.${process.pid}.${randomUUID().slice(0, 8)}.part`);
  const output = await writing(temporary, () => open(temporary, 'wx'));
  try {
    const hash = createHash('sha256');
    let received = 0;
    try {
      const response = await fetch(url, {
        headers: { 'accept-encoding': 'identity' },
        signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
      });
      if (!response.ok || !response.body)
        throw new TransferError(url, `HTTP ${response.status} ${response.statusText}`);
      const total = contentLength(response);
      for await (const block of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), stallTimeout);
        received += block.length;
        if (received > largest) throw new TransferError(url, `sent more than the ${largest} bytes of the file`);
        hash.update(block);
        await writing(temporary, () => writeAll(output, block));
        onProgress?.({ dataSet, file: file.name, url, received, total });
      }
    } catch (error) {
      throw stall.signal.aborted
        ? new TransferError(url, `sent nothing for ${stallTimeout / 1000} s`)
        : transfer(url, error);
    }
    const sha256 = hash.digest('hex');
    const form = forms
      ? forms.find((candidate) => candidate.sha256 === sha256)
      : { name: file.name, bytes: received, sha256 };
    if (!form) {
      const wanted = forms!.map((candidate) => `${candidate.bytes} bytes with sha256 ${candidate.sha256}`).join(' or ');
      throw new TransferError(url, `sent ${received} bytes with sha256 ${sha256}, expected ${wanted}`);
    }
    const path = join(folder, form.name);
    await writing(path, async () => {
      await output.sync();
      await rename(temporary, path);
    });
    return { ...form, path };
  } finally {
    clearTimeout(timer);
    stall.abort();
    await output.close();
    await rm(temporary, { force: true });
  }
}

/** Removes parts that killed processes left of a file. */
async function removeLeftovers(folder: string, beginning: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = name.startsWith(beginning)
      ? /^(\d+)\.[\da-f]{8}\.part$/.exec(name.slice(beginning.length))?.[1]
      : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

async function writeAll(output: FileHandle, block: Uint8Array): Promise<void> {
  for (let written = 0; written < block.length; ) {
    written += (await output.write(block, written)).bytesWritten;
  }
}

/** Bytes that will arrive; unknown when the server packs them on the way. */
function contentLength({ headers }: Response): number | undefined {
  const length = headers.get('content-length');
  return length && !headers.get('content-encoding') ? Number(length) : undefined;
}

/** Runs something that writes; a failure names the path. */
async function writing<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new DataError('data-unwritable', `can't write ${path}: ${message}`, { path, reason: code }, { cause: error });
  }
}

/** Network failures hide in `cause` (undici); everything that is none of them goes on as it is. */
function transfer(url: string, error: unknown): unknown {
  if (error instanceof TransferError || error instanceof DataError || !(error instanceof Error)) return error;
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (error.name !== 'TypeError' && !cause) return error;
  const inner = cause instanceof AggregateError ? (cause.errors[0] as Error) : cause;
  const code = (inner as NodeJS.ErrnoException | undefined)?.code ?? '';
  return new TransferError(url, inner?.message || code || error.message, UNREACHABLE.has(code));
}
