import { type FileHandle, open, readFile } from 'node:fs/promises';
import { TrainError } from '../errors.js';

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

/** The file `metrics.jsonl` of a run in training. */
export class MetricsLog {
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(file: FileHandle, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Opens the log to go on after its first `keep` bytes; the rest is dropped. */
  static async open(path: string, keep: number): Promise<MetricsLog> {
    try {
      const file = await open(path, keep === 0 ? 'w' : 'r+');
      await file.truncate(keep);
      return new MetricsLog(file, keep);
    } catch (error) {
      const message = `${path} can't be written: ${(error as Error).message}`;
      throw new TrainError('run-unwritable', message, { path }, { cause: error });
    }
  }

  /** Length so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async append(line: LogLine): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    await this.#file.write(bytes, 0, bytes.length, this.#bytes);
    this.#bytes += bytes.length;
  }

  /** What was appended survives a power cut. */
  async flush(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** All whole lines of a log; a last line without its end was cut off by a kill and does not count. */
export async function readLog(path: string): Promise<LogLine[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as LogLine);
}
