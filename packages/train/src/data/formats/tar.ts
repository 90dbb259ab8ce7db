import { Parser } from 'tar';
import { FormatError } from '../errors.js';
import type { FileContent } from './gzip.js';

const BLOCK = 512;
const FILES: readonly string[] = ['File', 'OldFile', 'ContiguousFile'];

/** A regular file of an archive. */
export interface TarEntry {
  /** With forward slashes, inside the archive's folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The regular files of a tar archive, in its order. Folders are left out; links and devices are refused.
 *
 * @throws FormatError damaged or cut off; a path that is absolute or climbs out of the folder; a link
 */
export async function readTar({ file, bytes }: FileContent): Promise<readonly TarEntry[]> {
  const fault = (offset: number, expected: string, found: string, truncated = false): FormatError =>
    new FormatError({ file, offset, expected, found, truncated });
  // The parser takes an archive that breaks off between two blocks for whole.
  const rest = bytes.length % BLOCK;
  const end = bytes.subarray(-BLOCK);
  if (bytes.length === 0 || rest !== 0 || end.some((byte) => byte !== 0)) {
    const found = rest === 0 ? 'the end of the file' : `${rest} bytes`;
    throw fault(
      bytes.length - rest,
      `a tar archive of whole blocks of ${BLOCK} bytes with an empty one last`,
      found,
      true,
    );
  }
  const entries: TarEntry[] = [];
  // Where the entry under way begins; extended headers, which the parser takes for itself, are not counted.
  let offset = 0;
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({
      file,
      strict: true,
      onReadEntry(entry) {
        const { path, type, startBlockSize } = entry;
        const problem = problemOf(path, type);
        if (problem) reject(fault(offset, problem, `${type} '${path}'`));
        const blocks: Uint8Array[] = [];
        entry.on('data', (block) => blocks.push(block));
        entry.on('end', () => {
          offset += BLOCK + startBlockSize;
          if (type !== 'Directory') entries.push({ path, bytes: Buffer.concat(blocks) });
        });
      },
    });
    parser.on('error', ({ message }: Error) => {
      reject(fault(offset, 'an intact tar archive', `damage in or after this entry (${message})`));
    });
    parser.on('end', () => resolve());
    parser.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  });
  return entries;
}

/** Requirement that an entry does not meet; undefined: it meets all. */
function problemOf(path: string, type: string): string | undefined {
  if (!FILES.includes(type) && type !== 'Directory') return 'files and folders only, no links or devices';
  const climbs = path.split('/').includes('..') || /^\/|^[a-z]:|\\/i.test(path);
  return climbs ? "a path inside the archive's folder" : undefined;
}
