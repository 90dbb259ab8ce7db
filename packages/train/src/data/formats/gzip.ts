import { promisify } from 'node:util';
import { createGunzip, gunzip } from 'node:zlib';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { FormatError } from '../errors.js';

const inflate = promisify(gunzip);

/** How finely the place of damage is told, in bytes. */
const DAMAGE_STEP = 1024;

/** Bytes of a file (unpacked where it was packed) and the name that errors should give it. */
export interface FileContent {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** Told by the content, not by the name: gzip starts with 1f 8b (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks gzip; returns anything else as it is.
 *
 * @throws FormatError where the gzip data break off or are wrong; the offset is into the packed bytes
 */
export async function unpack({ file, bytes }: FileContent): Promise<FileContent> {
  if (!isGzip(bytes)) return { file, bytes };
  try {
    return { file, bytes: await inflate(bytes) };
  } catch (error) {
    const truncated = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    const offset = truncated ? bytes.length : await damageOffset(bytes);
    const found = truncated ? 'the end of the file' : `damage (${(error as Error).message})`;
    throw new FormatError({ file, offset, expected: 'more gzip data', found, truncated }, { cause: error });
  }
}

/** Reads a file and unpacks it if it is gzip. */
export async function readUnpacked(path: string, signal?: AbortSignal): Promise<FileContent> {
  return unpack({ file: path, bytes: await readRegularFile(path, signal) });
}

/** Start of the block of {@link DAMAGE_STEP} bytes in which inflating fails: zlib itself does not tell. */
async function damageOffset(bytes: Uint8Array): Promise<number> {
  const stream = createGunzip().resume();
  // Every error, not the first alone: an unhandled one ends the process.
  const failed = new Promise<boolean>((resolve) => stream.on('error', () => resolve(true)));
  for (let offset = 0; offset < bytes.length; offset += DAMAGE_STEP) {
    const written = new Promise<boolean>((resolve) => {
      stream.write(bytes.subarray(offset, offset + DAMAGE_STEP), () => setImmediate(resolve, false));
    });
    if (await Promise.race([failed, written])) return offset;
  }
  return bytes.length;
}
