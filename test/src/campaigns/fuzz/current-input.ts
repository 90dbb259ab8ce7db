import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const HEADER = 12;

/** The file in which a process keeps the input that it reads now: it is there after any death of the process. */
export class CurrentInput implements Disposable {
  readonly #file: number;
  #count = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  /** @param target index of the target */
  set(target: number, input: Uint8Array): void {
    const record = Buffer.alloc(HEADER + input.length);
    record.writeUInt32LE(++this.#count, 0);
    record.writeUInt32LE(target, 4);
    record.writeUInt32LE(input.length, 8);
    record.set(input, HEADER);
    writeSync(this.#file, record, 0, record.length, 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  /** Undefined before the first input. */
  static read(path: string): { count: number; target: number; input: Uint8Array } | undefined {
    const record = readFileSync(path);
    if (record.length < HEADER) return undefined;
    const input = record.subarray(HEADER, HEADER + record.readUInt32LE(8));
    return { count: record.readUInt32LE(0), target: record.readUInt32LE(4), input };
  }
}
