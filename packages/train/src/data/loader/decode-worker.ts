import { type MessagePort, parentPort } from 'node:worker_threads';
import type { ImageOptions } from './change-image.js';
import { type DecodedImage, type DecodeJob, decodeJob, type SentError, toSent } from './decode.js';
import { sharpDecoder } from './sharp.js';

/** Images to decode, and where the answer goes. */
export interface Order {
  readonly jobs: readonly DecodeJob[];
  readonly options: ImageOptions;
  readonly port: MessagePort;
  /** For a thread that waits: set to 1 once the answer is in the port. */
  readonly done?: Int32Array;
}

/** One for each job. */
export type Answer = readonly ({ readonly image: DecodedImage } | { readonly error: SentError })[];

const fast = await sharpDecoder();

async function answer({ jobs, options, port, done }: Order): Promise<void> {
  const results = await Promise.all(
    jobs.map(async (job) => {
      try {
        return { image: await decodeJob(job, options, fast) };
      } catch (error) {
        return { error: toSent(error) };
      }
    }),
  );
  const buffers = results.flatMap((result) => ('image' in result ? [result.image.data.buffer as ArrayBuffer] : []));
  // Small images may share a buffer of Node's pool.
  const own =
    new Set(buffers).size === buffers.length &&
    results.every(
      (result) => !('image' in result) || result.image.data.byteLength === result.image.data.buffer.byteLength,
    );
  port.postMessage(results satisfies Answer, own ? buffers : []);
  port.close();
  if (!done) return;
  Atomics.store(done, 0, 1);
  Atomics.notify(done, 0);
}

parentPort!.on('message', (order: Order) => void answer(order));
