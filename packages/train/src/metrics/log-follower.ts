import { type FileHandle, open } from 'node:fs/promises';
import { type LogLine, parseLine } from './log.js';

/** Lines that are kept to find out how far a log was cut back. */
const KEPT = 10_000;

/** A line of the file that was read. */
interface KeptLine {
  readonly start: number;
  readonly bytes: Buffer;
  readonly step: number;
}

export interface NewLines {
  readonly lines: readonly LogLine[];
  /** Iteration of the last line that was left, when lines were taken back since the last reading: a resumed run does that. */
  readonly cutTo?: number;
}

/** Reads a log that grows, and that a resumed training cuts back to its checkpoint. */
export class LogFollower {
  readonly #path: string;
  #kept: KeptLine[] = [];
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Whole lines since the last call, at first all; none if the log is not there (yet).
   *
   * @throws TrainError (`log-invalid`) naming the first line that is damaged
   */
  async read(): Promise<NewLines> {
    const file = await open(this.#path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (file === undefined) return { lines: [] };
    try {
      const isCut = await this.#dropCut(file);
      const cutTo = this.#kept.at(-1)?.step ?? 0;
      const lines = await this.#readOn(file);
      return { lines, ...(isCut && { cutTo }) };
    } finally {
      await file.close();
    }
  }

  /** Forgets the lines that the file no longer has; whether there were any. */
  async #dropCut(file: FileHandle): Promise<boolean> {
    for (let isCut = false; ; isCut = true) {
      const last = this.#kept.at(-1);
      if (last === undefined) {
        this.#count = 0;
        return isCut;
      }
      const { buffer, bytesRead } = await file.read(Buffer.alloc(last.bytes.length), 0, last.bytes.length, last.start);
      if (bytesRead === last.bytes.length && buffer.equals(last.bytes)) return isCut;
      this.#kept.pop();
      this.#count--;
    }
  }

  async #readOn(file: FileHandle): Promise<LogLine[]> {
    const last = this.#kept.at(-1);
    let start = last === undefined ? 0 : last.start + last.bytes.length;
    const length = Math.max(0, (await file.stat()).size - start);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
    const lines: LogLine[] = [];
    let from = 0;
    for (let end = buffer.indexOf('\n'); end >= 0 && end < bytesRead; end = buffer.indexOf('\n', from)) {
      const bytes = buffer.subarray(from, end + 1);
      this.#count++;
      const line = parseLine(bytes.toString('utf8', 0, bytes.length - 1), this.#path, this.#count);
      lines.push(line);
      this.#kept.push({ start, bytes: Buffer.from(bytes), step: line.step });
      start += bytes.length;
      from = end + 1;
    }
    if (this.#kept.length > KEPT) this.#kept = this.#kept.slice(-KEPT);
    return lines;
  }
}
