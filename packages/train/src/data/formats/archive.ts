import { FormatError } from '../errors.js';
import { type FileContent, unpack } from './gzip.js';
import { readTar } from './tar.js';
import { isZip, readZip } from './zip.js';

/** The names of archives. */
export const ARCHIVE_FILE: RegExp = /\.(tar|tgz|tar\.gz|zip)$/i;

/** A file of an archive; its path has forward slashes and stays within. */
export interface ArchiveEntry {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of a tar (packed by gzip or not) or zip archive, told apart by their content.
 *
 * @throws FormatError damaged, or with a path that leaves the archive's folder, a link or a device
 */
export async function readArchive(content: FileContent): Promise<readonly ArchiveEntry[]> {
  if (!isZip(content.bytes)) return readTar(await unpack(content));
  return Array.from(readZip(content), ([name, bytes]) => {
    // Windows PowerShell 5 writes backslashes, against the rule of the format.
    const path = name.replaceAll('\\', '/');
    const climbs = path.split('/').includes('..') || /^\/|^[a-z]:/i.test(path);
    if (!climbs) return { path, bytes };
    const expected = "a path inside the archive's folder";
    throw new FormatError({ file: content.file, offset: 0, expected, found: `'${name}'`, truncated: false });
  });
}
