import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import type { DataFile } from '../data-set.js';
import type { ContentsDescription, FileDescription } from '../description.js';
import { ARCHIVE_FILE, readArchive } from '../formats/archive.js';
import type { FileContent } from '../formats/gzip.js';

/** Files by their own names. */
export type Contents = ReadonlyMap<string, FileContent>;

/** Bytes of files together, and the hash of their lines `SHA256  NAME` in the order of text, as sha256sum writes them. */
export function contentsHash(contents: Contents): { readonly bytes: number; readonly sha256: string } {
  const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
  const lines = Array.from(contents, ([name, { bytes }]) => `${sha256(bytes)}  ${name}\n`).sort();
  const bytes = Array.from(contents.values()).reduce((sum, content) => sum + content.bytes.length, 0);
  return { bytes, sha256: sha256(lines.join('')) };
}

/** A place where the contents may be: an archive or a folder. */
export interface ContentsFound {
  readonly path: string;
  readonly contents: Contents;
  /** Present when it is all of it, unchanged. */
  readonly match?: DataFile;
}

/**
 * Looks for contents in a data folder: in every archive there, then in the folder itself. The first place with all of them is
 * taken, else the first with any; undefined where there is none.
 *
 * @throws FormatError a damaged archive, if nothing else has the contents
 */
export async function findContents(
  folder: string,
  file: FileDescription & { readonly contents: ContentsDescription },
  signal?: AbortSignal,
): Promise<ContentsFound | undefined> {
  const names = await readdir(folder).catch(() => []);
  let some: ContentsFound | undefined;
  let damage: unknown;
  for (const name of [...names.filter((one) => ARCHIVE_FILE.test(one)).sort(), '.']) {
    const path = name === '.' ? folder : join(folder, name);
    try {
      const contents = await (name === '.'
        ? ofFolder(path, file.contents, signal)
        : ofArchive(path, file.contents, signal));
      if (contents.size === 0) continue;
      const found = contentsHash(contents);
      if (found.sha256 === file.sha256) return { path, contents, match: { name: file.name, ...found } };
      some ??= { path, contents };
    } catch (error) {
      signal?.throwIfAborted();
      damage ??= error;
    }
  }
  if (!some && damage) throw damage;
  return some;
}

async function ofArchive(path: string, { choose }: ContentsDescription, signal?: AbortSignal): Promise<Contents> {
  const entries = await readArchive({ file: path, bytes: await readRegularFile(path, signal) });
  const chosen = choose(entries.map((entry) => entry.path));
  return new Map(
    entries.flatMap(({ path: member, bytes }) => {
      const name = chosen.get(member);
      return name === undefined ? [] : [[name, { file: `${path}: ${member}`, bytes }] as const];
    }),
  );
}

async function ofFolder(folder: string, { choose }: ContentsDescription, signal?: AbortSignal): Promise<Contents> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const inside = new Map(paths.map((path) => [relative(folder, path).split(sep).join('/'), path]));
  const contents = new Map<string, FileContent>();
  for (const [member, name] of choose([...inside.keys()].sort())) {
    const file = inside.get(member)!;
    contents.set(name, { file, bytes: await readRegularFile(file, signal) });
  }
  return contents;
}
