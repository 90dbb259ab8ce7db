import { DeviceError, type DeviceErrorCode, GraphError, type GraphErrorCode } from '@onnx-forge/infer';
import { type Dialect, STANDARD } from '../graph/dialect.js';
import type { Feed, Job, Placement } from './executor.js';
import type { Runner } from './runner.js';
import type { Numbers } from './stored.js';

export type Request =
  | { readonly what: 'run'; readonly job: Job }
  | { readonly what: 'fetch'; readonly id: number; readonly ticket: number }
  | { readonly what: 'dialect'; readonly ticket: number }
  | { readonly what: 'drop'; readonly ids: readonly number[] }
  | { readonly what: 'close'; readonly graph: number }
  | { readonly what: 'end' };

/** The end of a run, of a close or of all (`done`), or the answer to a question. */
interface Answer {
  readonly done?: boolean;
  readonly ticket?: number;
  readonly data?: Numbers;
  readonly dialect?: Dialect;
  readonly failure?: Failure;
}

/** An error as it can be sent from thread to thread. */
export interface Failure {
  readonly message: string;
  readonly code: DeviceErrorCode | GraphErrorCode;
}

type Threads = typeof import('node:worker_threads');
type Port = InstanceType<Threads['MessagePort']>;
/** Data that the thread is started with. */
export interface WorkerData {
  readonly port: Port;
  readonly answers: Int32Array;
  readonly placement: Placement;
}

/** A question to the thread; a ticket tells the answers apart. */
type Question = { readonly what: 'fetch'; readonly id: number } | { readonly what: 'dialect' };

type Waiting = (answer: Answer) => void;

/** Longest wait for an answer when the process ends, in ms. */
const LAST_WAIT = 60_000;

/** Jobs under way before the program waits for one: more would only take memory. */
const JOBS_AHEAD = 4;

/**
 * Runs graphs in a worker thread of Node. A synchronous read waits on a counter that both threads share, which the
 * worker raises after each answer.
 */
export class WorkerRunner implements Runner {
  readonly waits = true;
  readonly #port: Port;
  readonly #receive: () => Answer | undefined;
  readonly #answers = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  #tickets = 0;
  /** Asynchronous reads under way. A synchronous one may take their answers. */
  #fetching = 0;
  #running = 0;
  #dialect: Dialect | undefined;
  /** Why the thread is gone. */
  #lost: Failure | undefined;

  constructor(threads: Threads, file: URL, placement: Placement) {
    const { port1, port2 } = new threads.MessageChannel();
    const workerData: WorkerData = { port: port2, answers: this.#answers, placement };
    const worker = new threads.Worker(file, { workerData, transferList: [port2], execArgv: [] });
    worker.unref();
    this.#port = port1;
    this.#receive = () => threads.receiveMessageOnPort(port1)?.message as Answer | undefined;
    port1.on('message', (answer: Answer) => this.#take(answer));
    port1.unref();
    // onnxruntime does not survive that its thread ends while it runs.
    const drain = (): void => {
      while (this.#running > 0 && this.#wait(LAST_WAIT)) {}
    };
    process.on('exit', drain);
    worker.on('error', (error) => this.#lose(error));
    worker.on('exit', () => process.off('exit', drain));
  }

  run(job: Job): void {
    this.#send({ what: 'run', job: { ...job, feeds: job.feeds.map(alone) } });
    while (this.#running > JOBS_AHEAD) this.#wait();
  }

  fetch(id: number): Promise<Numbers> {
    return new Promise((resolve, reject) => {
      this.#fetching++;
      this.#port.ref(); // the process stays until the answer is there
      this.#ask({ what: 'fetch', id }, (answer) => {
        if (--this.#fetching === 0) this.#port.unref();
        if (answer.data) resolve(answer.data);
        else reject(failed(answer));
      });
    });
  }

  fetchSync(id: number): Numbers {
    const answer = this.#askAndWait({ what: 'fetch', id });
    if (answer.data) return answer.data;
    throw failed(answer);
  }

  dialect(): Dialect {
    this.#dialect ??= this.#askAndWait({ what: 'dialect' }).dialect ?? STANDARD;
    return this.#dialect;
  }

  drop(ids: readonly number[]): void {
    this.#send({ what: 'drop', ids });
  }

  close(graph: number): void {
    this.#send({ what: 'close', graph });
  }

  dispose(): void {
    this.#send({ what: 'end' });
  }

  #askAndWait(question: Question): Answer {
    let answer: Answer | undefined;
    this.#ask(question, (given) => {
      answer = given;
    });
    while (!answer) this.#wait();
    return answer;
  }

  #ask(question: Question, waiting: Waiting): void {
    const ticket = this.#tickets++;
    if (this.#lost !== undefined) {
      waiting({ failure: this.#lost });
      return;
    }
    this.#waiting.set(ticket, waiting);
    this.#send({ ...question, ticket });
  }

  #send(request: Request): void {
    if (this.#lost !== undefined) return;
    if (request.what === 'run' || request.what === 'close' || request.what === 'end') this.#running++;
    this.#port.postMessage(request);
  }

  /** Takes one answer, waiting for it if there is none; false when none came in time. */
  #wait(limit?: number): boolean {
    for (;;) {
      const seen = Atomics.load(this.#answers, 0);
      const answer = this.#receive();
      if (answer) {
        this.#take(answer);
        return true;
      }
      if (Atomics.wait(this.#answers, 0, seen, limit) === 'timed-out') return false;
    }
  }

  #take({ done, ...answer }: Answer): void {
    if (done) {
      this.#running--;
      return;
    }
    const waiting = this.#waiting.get(answer.ticket!);
    this.#waiting.delete(answer.ticket!);
    waiting?.(answer);
  }

  /** The thread has ended: all that wait for it get the failure. */
  #lose(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const failure: Failure = { message: `the thread that runs graphs ended: ${reason}`, code: 'graph-run' };
    this.#lost = failure;
    for (const waiting of [...this.#waiting.values()]) waiting({ failure });
    this.#waiting.clear();
    this.#running = 0;
  }
}

/** A view into a larger buffer would be sent with all of the buffer. */
function alone(feed: Feed): Feed {
  const { data } = feed;
  return data && data.byteLength < data.buffer.byteLength ? { ...feed, data: data.slice() } : feed;
}

function failed({ failure }: Answer): DeviceError | GraphError {
  const { code, message } = failure!;
  if (code === 'device-unavailable' || code === 'device-unknown') return new DeviceError(code, message);
  return new GraphError(code, message);
}

/** The runner of this platform's kind: a worker thread in Node; undefined elsewhere, and where its file is not found. */
export function workerRunner(placement: Placement): WorkerRunner | undefined {
  const builtin = globalThis.process?.getBuiltinModule;
  if (!builtin) return undefined;
  try {
    const file = new URL(import.meta.resolve('@onnx-forge/export/backend-worker'));
    if (!builtin('node:fs').existsSync(file)) return undefined;
    return new WorkerRunner(builtin('node:worker_threads'), file, placement);
  } catch {
    return undefined;
  }
}
