import { fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { versionEvent } from './event.js';
import { tfRecord } from './record.js';

/**
 * The name that TensorFlow would give a file of events. TensorBoard reads the files of a folder in the order of their names.
 *
 * @param wallTime in seconds since 1970
 * @param number of the file among those of this process
 */
export function eventFileName(wallTime: number, number: number): string {
  const seconds = String(Math.floor(wallTime)).padStart(10, '0');
  return `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${number}`;
}

/** A file of events that TensorBoard reads, named as TensorFlow names them. Events are in the file when `append` returns; it stays open. */
export class EventFile {
  readonly path: string;
  readonly #file: number;

  /**
   * @param folder made if there is none
   * @param number of the file among those of this process
   */
  constructor(folder: string, number: number, suffix: string) {
    mkdirSync(folder, { recursive: true });
    const now = Date.now() / 1000;
    const end = suffix.startsWith('.') ? suffix : `.${suffix}`;
    this.path = join(folder, `${eventFileName(now, number)}${end}`);
    this.#file = openSync(this.path, 'a');
    this.append(versionEvent(now));
  }

  append(event: Uint8Array): void {
    const record = tfRecord(event);
    for (let done = 0; done < record.length; ) done += writeSync(this.#file, record, done);
  }

  /** Has the operating system put on the disk what was appended. */
  flush(): void {
    fsyncSync(this.#file);
  }
}
