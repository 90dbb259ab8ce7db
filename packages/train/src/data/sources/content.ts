import { createHash } from 'node:crypto';
import type { DataFile } from '../data-set.js';
import type { ContentHashes } from '../loader/content-hashes.js';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export { contentOf as readOwnFile } from '../loader/decode.js';
export { misfit } from '../misfit.js';

/** Many files as one: the hash is of their lines `SHA256  NAME`, as sha256sum writes them. */
export function asOneFile(name: string, files: readonly DataFile[]): DataFile {
  const lines = files.map((file) => `${file.sha256}  ${file.name}\n`).sort();
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { name, sha256: sha256(Buffer.from(lines.join(''))), bytes };
}

/** The same of very many files, whose lines are not kept. */
export function listHash(hashes: ContentHashes, nameOf: (index: number) => string): string {
  const lineOf = (index: number) => `${hashes.hex(index)}  ${nameOf(index)}\n`;
  const order = Uint32Array.from({ length: hashes.length }, (_, index) => index).sort(
    (a, b) => hashes.compare(a, b) || (lineOf(a) < lineOf(b) ? -1 : 1),
  );
  const hash = createHash('sha256');
  for (const index of order) hash.update(lineOf(index));
  return hash.digest('hex');
}
