import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** A file that says which process works in a folder beside it, for as long as it does. */
export class Claim implements Disposable {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws Error when another process that still runs has the file; one that died left it behind. */
  static take(file: string): Claim {
    mkdirSync(dirname(file), { recursive: true });
    for (;;) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
        return new Claim(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = Number(readFileSync(file, 'utf8'));
      if (runs(holder)) throw new Error(`process ${holder} works in ${dirname(file)}: wait until it is done`);
      rmSync(file, { force: true });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#file, { force: true });
  }
}

function runs(id: number): boolean {
  if (!(id > 0)) return false;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
