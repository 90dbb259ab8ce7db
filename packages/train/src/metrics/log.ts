import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { readRegularFile } from '../data/read-file.js';
import { TrainError } from '../errors.js';
import { unwritable } from '../unwritable.js';

/** One line of `metrics.jsonl`. */
export interface LogLine {
  /** `train`: means over the iterations since the last such line; `validation`: means over the split's examples. */
  readonly kind: 'train' | 'validation';
  /** Iterations done. */
  readonly step: number;
  /** Epochs done, with the part of the one under way. */
  readonly epoch: number;
  /** Named `STEP/METRIC` (train) or `METRIC` (validation). */
  readonly metrics: Readonly<Record<string, number>>;
}

const lineSchema: z.ZodType<LogLine> = z.object({
  kind: z.enum(['train', 'validation']),
  step: z.int().nonnegative(),
  epoch: z.number().nonnegative(),
  metrics: z.record(z.string(), z.number()),
});

/** The file `metrics.jsonl` of a run in training. */
export class MetricsLog {
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(path: string, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * Opens the log to go on after its first `keep` bytes; the rest is dropped. A shorter file is kept up to its last whole
   * line, and a missing one begins anew: `onNotice` says so.
   *
   * @throws TrainError (`run-unwritable`)
   */
  static async open(path: string, keep: number, onNotice: (text: string) => void = () => {}): Promise<MetricsLog> {
    try {
      const whole = keep === 0 ? 0 : await wholeBytes(path, keep);
      if (whole < keep) {
        onNotice(`${path} ends ${keep - whole} bytes before the checkpoint: lines that are missing stay missing`);
      }
      const file = await open(path, whole === 0 ? 'w' : 'r+');
      await file.truncate(whole).catch(async (error: Error) => {
        await file.close();
        throw error;
      });
      return new MetricsLog(path, file, whole);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  /** Length so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws TrainError (`run-unwritable`) */
  async append(line: LogLine): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    await this.#write(bytes).catch((error: unknown) => {
      throw unwritable(this.#path, error);
    });
    this.#bytes += bytes.length;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    // A system may write less than it was given.
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#bytes + done);
      done += bytesWritten;
    }
  }

  /** Writes the lines so far to the disk: they survive a power cut. @throws TrainError (`run-unwritable`) */
  async flush(): Promise<void> {
    await this.#file.sync().catch((error: unknown) => {
      throw unwritable(this.#path, error);
    });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Bytes of the whole lines among the first `keep` bytes; 0 if there is no file. */
async function wholeBytes(path: string, keep: number): Promise<number> {
  const bytes = await readIfThere(path);
  return bytes.length >= keep ? keep : bytes.lastIndexOf('\n') + 1;
}

async function readIfThere(path: string): Promise<Buffer> {
  return readRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new TrainError('log-invalid', `${path} can't be read: ${error.message}`, { path }, { cause: error });
  });
}

/**
 * All whole lines of a log, none if it is not there; a last line without its end was cut off by a kill and does not count.
 *
 * @throws TrainError (`log-invalid`) naming the first line that is damaged
 */
export async function readLog(path: string): Promise<LogLine[]> {
  const lines = (await readIfThere(path)).toString('utf8').split('\n').slice(0, -1);
  return lines.map((text, index) => parseLine(text, path, index + 1));
}

function parseLine(text: string, path: string, line: number): LogLine {
  const refuse = (reason: string, cause?: unknown): TrainError => {
    const message = `${path} is damaged at line ${line} (${reason}): delete that line`;
    return new TrainError('log-invalid', message, { path, line }, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse('it is no JSON', error);
  }
  const { success, data, error } = lineSchema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  throw refuse(`${issue!.path.join('.') || 'it'}: ${issue!.message}`);
}
