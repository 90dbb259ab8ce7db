import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import type { DataFile } from '../data-set.js';
import type { ContentsDescription, DataSetDescription, FileDescription } from '../description.js';
import { DataError, FormatError } from '../errors.js';
import { readArchive } from '../formats/archive.js';
import { type FileContent, isGzip, readUnpacked } from '../formats/gzip.js';
import { contentsHash, findContents } from './contents.js';

const READ_BLOCK = 1 << 20;

export type FileStatus = 'ok' | 'missing' | 'truncated' | 'wrong hash';

/** State of a file of a data set on the disk. */
export interface FileCheck {
  readonly name: string;
  /** The file looked at; where several lie there, the good one. */
  readonly path: string;
  readonly status: FileStatus;
  /** One clause that says what is wrong; `ok` otherwise. */
  readonly detail: string;
  /** Present when the status is ok. */
  readonly match?: DataFile;
  /** Byte offset of the damage, where it could be told. */
  readonly offset?: number;
}

/** `--data-dir`, else ONNX_FORGE_DATA, else `./data`; absolute. */
export function resolveDataDir(dataDir?: string): string {
  return resolve(dataDir || process.env.ONNX_FORGE_DATA || 'data');
}

export function folderOf(description: DataSetDescription, dataDir?: string): string {
  return join(resolveDataDir(dataDir), description.folder);
}

/** Where a file may lie, packed first: smaller to read. */
function candidatePaths(folder: string, file: FileDescription): readonly string[] {
  return [join(folder, `${file.name}.gz`), join(folder, file.name), ...originPaths(folder, file)];
}

/** The form in which its authors publish it: their archive, or what they packed. */
function originPaths(folder: string, { within }: FileDescription): readonly string[] {
  if (!within) return [];
  const { archive, member } = within;
  return [...new Set([archive, member, basename(member)])].map((name) => join(folder, name));
}

/** The content of a file that {@link checkFile} found at `path`. */
export async function readFileAt(path: string, file: FileDescription, signal?: AbortSignal): Promise<FileContent> {
  const { within } = file;
  if (!within || basename(path) !== within.archive) {
    const content = await readUnpacked(path, signal);
    const isOrigin = within !== undefined && basename(path) !== basename(file.name);
    return isOrigin ? { ...content, bytes: content.bytes.subarray(0, within.first) } : content;
  }
  const { member, first } = within;
  const entries = await readArchive({ file: path, bytes: await readRegularFile(path, signal) });
  const entry = entries.find((one) => one.path === member || one.path.endsWith(`/${member}`));
  if (!entry) {
    throw new FormatError({ file: path, offset: 0, expected: `the file ${member}`, found: 'none', truncated: false });
  }
  return { file: `${path}: ${entry.path}`, bytes: entry.bytes.subarray(0, first) };
}

/** Whether something lies there that may be the file. */
export function seemsPresent(folder: string, file: FileDescription): boolean {
  if (file.contents) return existsSync(folder) && readdirSync(folder).length > 0;
  return candidatePaths(folder, file).some((path) => existsSync(path));
}

/** The forms of a file whose own bytes have a known hash. */
export function knownForms(file: FileDescription): readonly DataFile[] {
  const plain = { name: file.name, bytes: file.bytes, sha256: file.sha256 };
  return file.gzip ? [{ name: `${file.name}.gz`, ...file.gzip }, plain] : [plain];
}

/**
 * Looks for a file in `folder`, packed or not, and checks it: its own hash must be known, or that of what it unpacks to.
 * One good file is enough; a damaged one beside it does not matter.
 *
 * @throws DataError when a file is there but can't be read
 */
export async function checkFile(folder: string, file: FileDescription, signal?: AbortSignal): Promise<FileCheck> {
  const { contents } = file;
  if (contents) return checkContents(folder, { ...file, contents }, signal);
  let damaged: FileCheck | undefined;
  for (const path of candidatePaths(folder, file)) {
    if (!(await exists(path))) continue;
    const check = await checkPath(path, file, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new DataError(
        'data-damaged',
        `can't read ${path}: ${(error as Error).message}`,
        { path },
        { cause: error },
      );
    });
    if (check.status === 'ok') return check;
    damaged ??= check;
  }
  if (damaged) return damaged;
  const [packed = ''] = candidatePaths(folder, file);
  const path = file.gzip ? packed : join(folder, file.name);
  return { name: file.name, path, status: 'missing', detail: 'there is no such file' };
}

async function checkContents(
  folder: string,
  file: FileDescription & { readonly contents: ContentsDescription },
  signal?: AbortSignal,
): Promise<FileCheck> {
  const { name } = file;
  const { count } = file.contents;
  const found = await findContents(folder, file, signal).catch((error: unknown) => {
    if (!(error instanceof FormatError)) throw error;
    return { path: error.data.file, damage: error.message, truncated: error.data.truncated };
  });
  if (!found)
    return { name, path: folder, status: 'missing', detail: `there is no archive or folder of its ${count} files` };
  const { path } = found;
  if ('damage' in found)
    return { name, path, status: found.truncated ? 'truncated' : 'wrong hash', detail: found.damage };
  if (found.match) return { name, path, status: 'ok', detail: 'ok', match: found.match };
  const { size } = found.contents;
  const which = size === count ? 'they have' : `there are ${size} of ${count}, with`;
  const detail = `its files are others: ${which} sha256 ${contentsHash(found.contents).sha256} (sha256 ${file.sha256} expected)`;
  return { name, path, status: size < count ? 'truncated' : 'wrong hash', detail };
}

async function checkPath(path: string, file: FileDescription, signal?: AbortSignal): Promise<FileCheck> {
  const { within } = file;
  if (within && [within.archive, basename(within.member)].includes(basename(path)) && basename(path) !== file.name) {
    return checkOrigin(path, file, signal);
  }
  const found = await hashFile(path, signal);
  const match = knownForms(file).find((form) => form.sha256 === found.sha256);
  if (match) return { name: file.name, path, status: 'ok', detail: 'ok', match };
  return (await startsAsGzip(path)) ? checkPacked(path, file, signal) : judge(path, file, found.bytes, found.sha256);
}

/** An archive that has the file in it, or a file that begins with it. */
async function checkOrigin(path: string, file: FileDescription, signal?: AbortSignal): Promise<FileCheck> {
  try {
    const { bytes } = await readFileAt(path, file, signal);
    return judge(path, file, bytes.length, sha256Of(bytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { offset, truncated } = error.data;
    return { name: file.name, path, status: truncated ? 'truncated' : 'wrong hash', detail: error.message, offset };
  }
}

/** A gzip file with an unknown hash: what matters is what is in it. */
async function checkPacked(path: string, file: FileDescription, signal?: AbortSignal): Promise<FileCheck> {
  try {
    const { bytes } = await readUnpacked(path, signal);
    return judge(path, file, bytes.length, sha256Of(bytes));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    const { offset, truncated, found } = error.data;
    const place = truncated ? `it ends at byte ${offset}` : `its gzip data break near byte ${offset}: ${found}`;
    const wanted = file.gzip ? ` (${file.gzip.bytes} bytes with sha256 ${file.gzip.sha256} expected)` : '';
    const status = truncated ? 'truncated' : 'wrong hash';
    return { name: file.name, path, status, detail: `${place}${wanted}`, offset };
  }
}

/** Compares the content, unpacked if need be, with what was published. */
function judge(path: string, file: FileDescription, bytes: number, sha256: string): FileCheck {
  const { name } = file;
  if (sha256 === file.sha256) return { name, path, status: 'ok', detail: 'ok', match: { name, bytes, sha256 } };
  const wanted = `sha256 ${file.sha256} expected`;
  if (bytes < file.bytes) {
    const detail = `its content ends at byte ${bytes} of ${file.bytes} (${wanted})`;
    return { name, path, status: 'truncated', detail, offset: bytes };
  }
  const size = bytes === file.bytes ? '' : `${bytes} bytes instead of ${file.bytes}, `;
  return { name, path, status: 'wrong hash', detail: `its content has ${size}sha256 ${sha256} (${wanted})` };
}

async function hashFile(path: string, signal?: AbortSignal): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const block of createReadStream(path, { highWaterMark: READ_BLOCK, ...(signal && { signal }) })) {
    hash.update(block as Buffer);
    bytes += (block as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function startsAsGzip(path: string): Promise<boolean> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
  return isGzip(buffer.subarray(0, bytesRead));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
