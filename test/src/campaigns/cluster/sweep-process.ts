import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../../../packages/train/bin/onnx-forge.js', import.meta.url));
export const TINY_LINE: string = fileURLToPath(new URL('tiny-line.js', import.meta.url));

/** A process of `onnx-forge sweep`. */
export class SweepProcess {
  /** Its stderr so far. */
  said = '';
  /** Undefined while it runs; 128 after a signal. */
  code: number | undefined;
  readonly ended: Promise<number>;
  readonly #child: ChildProcess;

  constructor(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [BIN, 'sweep', ...words], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said += text;
    });
    this.ended = once(this.#child, 'close').then(([code]: (number | null)[]) => {
      this.code = code ?? 128;
      return this.code;
    });
  }

  /** Kills it (SIGKILL). */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
