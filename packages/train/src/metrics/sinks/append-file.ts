import { type FileHandle, open } from 'node:fs/promises';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import { TrainError } from '../../errors.js';
import { unwritable } from '../../unwritable.js';
import type { SinkMark } from './sink.js';

export interface AppendFileOptions {
  /** Length to go on after; what follows is dropped. Default 0: the file begins anew. */
  readonly keep?: number;
  /** Length of the whole records at the beginning of a file that ends before `keep`. */
  wholeBytes(file: Uint8Array): number;
  onNotice(text: string): void;
}

/** A file that grows at its end, and can be cut back to a length that it had. */
export class AppendFile {
  readonly path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * Opens a file to go on after its first `keep` bytes. A shorter one is kept up to its last whole record, and a missing one
   * begins anew: `onNotice` says so.
   *
   * @throws TrainError (`run-unwritable`)
   */
  static async open(path: string, { keep = 0, wholeBytes, onNotice }: AppendFileOptions): Promise<AppendFile> {
    try {
      const there = keep === 0 ? Buffer.alloc(0) : await readIfThere(path);
      const whole = there.length >= keep ? keep : wholeBytes(there);
      if (whole < keep) {
        onNotice(`${path} ends ${keep - whole} bytes before the checkpoint: lines that are missing stay missing`);
      }
      const file = await open(path, whole === 0 ? 'w' : 'r+');
      await file.truncate(whole);
      return new AppendFile(path, file, whole);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Length so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws TrainError (`run-unwritable`) */
  async append(content: string | Uint8Array): Promise<void> {
    const bytes = Buffer.from(content);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.path, error);
    }
    this.#bytes += bytes.length;
  }

  /** Writes what was appended to the disk: it survives a power cut. @throws TrainError (`run-unwritable`) */
  async sync(): Promise<void> {
    await this.#file.sync().catch((error: Error) => {
      throw unwritable(this.path, error);
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The mark of a sink with a single file. */
export const bytesMark: z.ZodType<{ readonly bytes: number }> = z.object({ bytes: z.int().nonnegative() });

/** A mark as its sink writes it. @throws TrainError (`checkpoint-invalid`) when it is none of that sink's */
export function readMark<T>(schema: z.ZodType<T>, mark: SinkMark, sink: string): T {
  const { success, data } = schema.safeParse(mark);
  if (success) return data;
  const message = `the checkpoint holds ${JSON.stringify(mark)} as the mark of the sink '${sink}', which is none of its marks`;
  throw new TrainError('checkpoint-invalid', message, { sink });
}

async function readIfThere(path: string): Promise<Buffer> {
  return readRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}
