import { closeSync, openSync, readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { refusePipe } from '@onnx-forge/infer/node-files';
import { DataError } from '../errors.js';
import type { FileContent } from '../formats/gzip.js';
import { changed } from './image-rows.js';

/** A part of a file, in bytes. */
export interface Part {
  readonly at: number;
  readonly length: number;
}

/** A file that is read by position. */
export interface Positioned {
  readonly file: string;
  readonly length: number;
  read(parts: readonly Part[]): Promise<Uint8Array[]>;
  readNow(part: Part): Uint8Array;
}

/** One in memory. */
export function inMemory({ file, bytes }: FileContent): Positioned {
  const readNow = ({ at, length }: Part) => bytes.subarray(at, at + length);
  return { file, length: bytes.length, readNow, read: async (parts) => parts.map(readNow) };
}

/** One on the disk, which stays closed but while it is read. @throws DataError (`data-damaged`) it can't be read */
export async function onDisk(file: string): Promise<Positioned> {
  const asDataError = (error: unknown): never => {
    if (error instanceof DataError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError('data-damaged', `${file} can't be read: ${reason}`, { path: file }, { cause: error });
  };
  const found = await stat(file).catch(asDataError);
  try {
    refusePipe(found);
  } catch (error) {
    asDataError(error);
  }
  return {
    file,
    length: found.size,
    async read(parts) {
      const handle = await open(file).catch(asDataError);
      try {
        return await Promise.all(
          parts.map(async ({ at, length }) => {
            const bytes = Buffer.alloc(length);
            for (let done = 0; done < length; ) {
              const { bytesRead } = await handle.read(bytes, done, length - done, at + done);
              if (bytesRead === 0) throw changed(file);
              done += bytesRead;
            }
            return bytes;
          }),
        ).catch(asDataError);
      } finally {
        await handle.close();
      }
    },
    readNow({ at, length }) {
      try {
        const handle = openSync(file, 'r');
        try {
          const bytes = Buffer.alloc(length);
          for (let done = 0; done < length; ) {
            const count = readSync(handle, bytes, done, length - done, at + done);
            if (count === 0) throw changed(file);
            done += count;
          }
          return bytes;
        } finally {
          closeSync(handle);
        }
      } catch (error) {
        return asDataError(error);
      }
    },
  };
}
