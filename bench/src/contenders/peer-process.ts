import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../benchmark.js';
import type { Clock } from '../worker/timing.js';
import { threadLimits } from './worker.js';

const PEER = fileURLToPath(new URL('../../torch_peer.py', import.meta.url));
const INSTALL =
  'pip install torch --index-url https://download.pytorch.org/whl/cpu, or --python PATH of one that has it';

/** The JSON that a peer prints: facts and, per benchmark, numbers. */
export type PeerResult = Readonly<Record<string, unknown>>;

export interface PythonOptions {
  /** The interpreter. */
  readonly python: string;
  readonly threads: number;
  readonly clock: Clock;
}

/** Program of a peer, and what to do where it does not start. */
interface PeerProgram {
  readonly program: string;
  /** The package that it needs. */
  readonly needs: string;
  readonly install: string;
}

const TORCH: PeerProgram = { program: PEER, needs: 'torch', install: INSTALL };

/**
 * A peer in Python that keeps its nets, and what was compiled for them, from round to round. Contenders that share it take turns; the
 * last to be closed ends it.
 */
export class PeerProcess {
  readonly threads: number;
  readonly #options: PythonOptions;
  readonly #peer: PeerProgram;
  #child: ChildProcess | undefined;
  #lines: AsyncIterator<string> | undefined;
  #hello: PeerResult = {};
  #users = 0;
  #errors = '';

  constructor(options: PythonOptions, peer: PeerProgram = TORCH) {
    this.#options = options;
    this.#peer = peer;
    this.threads = options.threads;
  }

  /** Starts it if it does not run; what it says of itself. @throws Unavailable when the interpreter or its package is missing */
  async open(): Promise<PeerResult> {
    this.#users += 1;
    return this.#start();
  }

  /**
   * The numbers for these arguments. One that takes longer than the limit is ended; the next starts it again.
   *
   * @throws Unavailable what it could not do
   */
  async ask(words: readonly string[], limitMs: number = Number.POSITIVE_INFINITY): Promise<PeerResult> {
    if (this.#child === undefined) await this.#start();
    this.#child!.stdin!.write(`${JSON.stringify(words)}\n`);
    const late = Number.isFinite(limitMs) ? setTimeout(() => this.#child?.kill('SIGKILL'), limitMs) : undefined;
    const start = performance.now();
    try {
      const answer = await this.#line();
      if (typeof answer.error === 'string') throw new Unavailable({ status: 'cannot', reason: answer.error });
      return answer;
    } catch (error) {
      const isLate = performance.now() - start >= limitMs;
      const reason = `not compiled within ${Math.round(limitMs / 1000)} s`;
      throw isLate ? new Unavailable({ status: 'cannot', reason }) : error;
    } finally {
      clearTimeout(late);
    }
  }

  async close(): Promise<void> {
    this.#users -= 1;
    if (this.#users > 0 || this.#child === undefined) return;
    const child = this.#child;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.stdin!.end();
    await ended;
    this.#child = undefined;
  }

  async #start(): Promise<PeerResult> {
    const { python, threads, clock } = this.#options;
    if (this.#child !== undefined) return this.#hello;
    const child = spawn(python, [this.#peer.program, '--serve', '--threads', `${threads}`], {
      env: { ...process.env, ...threadLimits(threads), BENCH_CLOCK: clock, TORCHINDUCTOR_COMPILE_THREADS: '1' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = `${this.#errors}${text}`.slice(-4000);
    });
    child.stdin.on('error', () => {}); // it ended: the missing answer tells
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    failed.catch(() => {});
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      this.#hello = await Promise.race([this.#line(), failed]);
      return this.#hello;
    } catch (error) {
      this.#child = undefined;
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const { needs, install } = this.#peer;
      const what = missing ? `there is no '${python}'` : `'${python}' has no ${needs}`;
      throw new Unavailable({ status: 'absent', reason: `${what}: ${install}` });
    }
  }

  async #line(): Promise<PeerResult> {
    const { value, done } = await this.#lines!.next();
    if (!done) return JSON.parse(value) as PeerResult;
    this.#child = undefined;
    // Python's own words are the last line of its traceback.
    throw new Error(`the peer in Python ended: ${this.#errors.trim().split('\n').at(-1) ?? ''}`);
  }
}
