import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { watchChild } from '../watch.js';
import type { Order, Outcome } from './session-child.js';
import { type Ended, PRELOAD } from './work-process.js';

const CHILD = fileURLToPath(new URL('session-child.js', import.meta.url));

/** Command lines after which a process is replaced. */
const MOST = 40;

/** A process that runs many command lines, since starting one takes longer than most of them; another one when it ends. */
export class WorkSession {
  #child: ChildProcess | undefined;
  #ended: Promise<[number | null, string | null]> | undefined;
  #done = 0;

  async run(order: Order): Promise<Ended> {
    if (this.#done >= MOST) this.end();
    const child = await this.#started();
    this.#done++;
    const begin = performance.now();
    const watch = watchChild(child);
    const ended = this.#ended!;
    child.send(order);
    const message = await Promise.race([once(child, 'message') as Promise<[Outcome]>, ended.then(() => undefined)]);
    const standstill = watch.end();
    const milliseconds = performance.now() - begin;
    if (message) return { ...message[0], signal: null, milliseconds };
    this.#child = undefined;
    const [code, signal] = await ended;
    return { code, signal, stderr: 'the process ended', milliseconds, standstill };
  }

  async #started(): Promise<ChildProcess> {
    if (this.#child) return this.#child;
    const { ONNX_FORGE_DATA: _, ...env } = process.env;
    const child = fork(CHILD, [], {
      execArgv: ['--import', PRELOAD],
      env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    const watch = watchChild(child);
    const first = await Promise.race([once(child, 'message'), this.#ended.then(() => undefined)]);
    const standstill = watch.end();
    if (!first) throw new Error(`a process for command lines ${standstill ?? 'ended'} before its first one`);
    [this.#child, this.#done] = [child, 0];
    return child;
  }

  end(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}
