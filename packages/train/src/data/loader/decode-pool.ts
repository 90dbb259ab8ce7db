import { availableParallelism } from 'node:os';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { ImageOptions } from './change-image.js';
import { type DecodedImage, type DecodeJob, fromSent } from './decode.js';
import type { Answer, Order } from './decode-worker.js';

/** More threads than this wait for the disk, not for the processor. */
const MOST_THREADS = 8;

/** A file that takes longer than this, in ms, is not coming. */
const PATIENCE = 60_000;

/** Threads that read and decode images. They do not keep the process alive. */
export class DecodePool {
  readonly #workers: readonly Worker[];
  readonly #options: ImageOptions;
  #next = 0;

  constructor(options: ImageOptions, threads: number = Math.min(MOST_THREADS, availableParallelism())) {
    this.#options = options;
    this.#workers = Array.from({ length: threads }, () => {
      const worker = new Worker(new URL('./decode-worker.js', import.meta.url), { execArgv: [] });
      worker.unref();
      // Each order under way listens for itself.
      worker.setMaxListeners(0).on('error', () => {});
      return worker;
    });
  }

  get threads(): number {
    return this.#workers.length;
  }

  /** Decodes images in one thread, the next in turn; the order of the results is that of the jobs. @throws the first one's error */
  async decode(jobs: readonly DecodeJob[]): Promise<DecodedImage[]> {
    return allOf(await this.attempt(jobs));
  }

  /** The same; an image that can't be decoded gives the reason. */
  attempt(jobs: readonly DecodeJob[]): Promise<Attempt[]> {
    const worker = this.#turn();
    const { port1, port2 } = new MessageChannel();
    return new Promise<Attempt[]>((resolve, reject) => {
      const settle = (end: () => void) => {
        worker.off('error', failed);
        port1.close();
        end();
      };
      const failed = (error: Error) => settle(() => reject(error));
      worker.once('error', failed);
      port1.once('message', (answer: Answer) => {
        settle(() => resolve(attemptsOf(answer)));
      });
      const order: Order = { jobs, options: this.#options, port: port2 };
      worker.postMessage(order, [port2]);
    });
  }

  /** The same while this thread waits. */
  decodeNow(job: DecodeJob): DecodedImage {
    const { port1, port2 } = new MessageChannel();
    const done = new Int32Array(new SharedArrayBuffer(4));
    const order: Order = { jobs: [job], options: this.#options, port: port2, done };
    this.#turn().postMessage(order, [port2]);
    if (Atomics.wait(done, 0, 0, PATIENCE) === 'timed-out')
      throw new Error(`${job.file} could not be decoded in ${PATIENCE} ms`);
    const [image] = allOf(attemptsOf(receiveMessageOnPort(port1)!.message as Answer));
    port1.close();
    return image!;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #turn(): Worker {
    return this.#workers[this.#next++ % this.#workers.length]!;
  }
}

/** An image, or why there is none. */
export type Attempt = DecodedImage | Error;

function attemptsOf(answer: Answer): Attempt[] {
  return answer.map((result) => ('error' in result ? fromSent(result.error) : result.image));
}

/** @throws the first error */
function allOf(attempts: readonly Attempt[]): DecodedImage[] {
  return attempts.map((attempt) => {
    if (attempt instanceof Error) throw attempt;
    return attempt;
  });
}
