import type { HttpBindings } from '@hono/node-server';
import { ForgeError, float32, type LatentModel, MeanAndError, Random } from '@onnx-forge/infer';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { Admission, type Refusal } from './admission.js';
import { MicroBatcher } from './micro-batcher.js';

export interface Limits {
  /** Default 1 MiB. */
  readonly bodyBytes?: number;
  /** Requests under way, waiting ones included; more are refused with 503. Default 64. */
  readonly requests?: number;
  /** The same of one address; more are refused with 429. Default 32. */
  readonly requestsPerClient?: number;
  /** Images that one call of the decoder may make; 1 switches batching off. Default 256. */
  readonly batch?: number;
}

type Env = { Bindings: HttpBindings };

const REFUSALS: Readonly<Record<Refusal, readonly [status: 429 | 503, message: string]>> = {
  full: [503, 'too many requests are waiting; try again in a second'],
  greedy: [429, 'you have too many requests under way; wait for some of them'],
  closing: [503, 'the service is shutting down'],
};

const sampleRequest = z.strictObject({
  count: z.int().min(1).max(64).default(1),
  seed: z.int().default(1),
});

const likelihoodRequest = z.strictObject({
  images: z.array(z.array(z.number())).min(1).max(100),
  samples: z.int().min(1).max(5000).default(200),
  seed: z.int().default(1),
});

export interface ServiceOptions {
  readonly limits?: Limits;
  /** Sees every request first. */
  readonly before?: MiddlewareHandler;
}

/** The routes: POST /sample and POST /log-likelihood. Nothing else is answered. */
export function createService(
  model: LatentModel,
  { limits = {}, before }: ServiceOptions = {},
): { app: Hono<Env>; admission: Admission } {
  const { bodyBytes = 2 ** 20, requests = 64, requestsPerClient = 32, batch = 256 } = limits;
  const admission = new Admission({ total: requests, perClient: requestsPerClient });
  const decoder = batchingDecoder(model, batch);
  const app = new Hono<Env>();

  app.use(closeUnread);
  if (before) app.use(before);
  app.use(async (c, next) => {
    const entered = admission.enter(c.env.incoming.socket.remoteAddress ?? '');
    if (typeof entered === 'string') {
      const [status, message] = REFUSALS[entered];
      c.header('Retry-After', '1');
      return failure(c, status, entered, message);
    }
    // Also when the client goes away before its answer is whole.
    c.env.outgoing.once('close', entered);
    return next();
  });
  app.use(bodyLimit({ maxSize: bodyBytes, onError: (c) => tooLarge(c, bodyBytes) }));

  app.post('/sample', async (c) => {
    const { count, seed } = await read(c, sampleRequest);
    // The prior of a latent model is N(0, 1).
    const noise = new Random(seed).fillNormal(new Float32Array(count * model.manifest.serve.latentDim));
    const pixels = await decoder.add(noise);
    const size = pixels.length / count;
    const images = Array.from({ length: count }, (_, i) => [...pixels.subarray(i * size, (i + 1) * size)].map(toByte));
    return c.json({ images });
  });

  app.post('/log-likelihood', async (c) => {
    const { images, samples, seed } = await read(c, likelihoodRequest);
    const gone = new AbortController();
    c.env.outgoing.once('close', () => gone.abort());
    // What is wrong with the images is thrown here, before the answer begins.
    const parts = model.logLikelihood.stream(images, { samples, seed, batchSize: 5, signal: gone.signal });
    c.header('Content-Type', 'application/x-ndjson');
    const write = async (out: { write(text: string): Promise<unknown> }): Promise<void> => {
      const average = new MeanAndError();
      for await (const { start, values, errors, done, total } of parts) {
        for (const value of values) average.add(value);
        await out.write(`${JSON.stringify({ start, values: [...values], errors: [...errors], done, total })}\n`);
      }
      const { mean, standardError } = average;
      await out.write(`${JSON.stringify({ mean, standardError, samples, seed })}\n`);
    };
    // The status is sent long ago: a failure is the last line.
    return stream(c, write, async (error, out) => {
      if (gone.signal.aborted) return;
      console.error(error);
      await out.write(`${JSON.stringify({ error: { code: 'internal', message: 'something went wrong here' } })}\n`);
    });
  });

  app.notFound((c) => failure(c, 404, 'not-found', 'there are POST /sample and POST /log-likelihood'));
  app.onError((error, c) => {
    if (error instanceof ForgeError) return failure(c, 400, error.code, error.message);
    // The client went away before it had sent its whole request: nobody reads the answer.
    if (c.env.incoming.destroyed && !c.env.incoming.complete)
      return failure(c, 400, 'aborted', 'the request was broken off');
    console.error(error);
    return failure(c, 500, 'internal', 'something went wrong here');
  });
  return { app, admission };
}

/**
 * Says that the connection ends after an answer that came before the body was read: the adapter ends it when what is left does
 * not arrive soon, and a client's next request on it would be lost.
 */
const closeUnread: MiddlewareHandler<Env> = async (c, next) => {
  await next();
  if (!c.env.incoming.readableEnded) c.header('Connection', 'close');
};

/** z of several requests decoded in one call of the graph: [rows, latentDim] flat -> [rows, pixels] flat. */
function batchingDecoder(model: LatentModel, maxRows: number): MicroBatcher<Float32Array, Float32Array> {
  const { latentDim, image } = model.manifest.serve;
  const pixels = image.height * image.width * image.channels;
  const decodeAll = async (inputs: readonly Float32Array[]): Promise<Float32Array[]> => {
    const all = new Float32Array(inputs.reduce((length, noise) => length + noise.length, 0));
    const starts: number[] = [];
    let end = 0;
    for (const noise of inputs) {
      starts.push(end / latentDim);
      all.set(noise, end);
      end += noise.length;
    }
    const { data } = await model.decode(float32(all, [end / latentDim, latentDim]));
    return inputs.map(({ length }, i) =>
      data.subarray(starts[i]! * pixels, (starts[i]! + length / latentDim) * pixels),
    );
  };
  return new MicroBatcher(decodeAll, { maxSize: maxRows, sizeOf: ({ length }) => length / latentDim });
}

class BadRequest extends ForgeError {}

/** The body, checked. @throws BadRequest, one line */
async function read<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => {
    throw new BadRequest('bad-json', 'the body is not JSON');
  });
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new BadRequest('bad-request', `${path.join('.') || 'the body'}: ${message}`);
}

function failure(c: Context, status: 400 | 404 | 413 | 429 | 500 | 503, code: string, message: string): Response {
  return c.json({ error: { code, message } }, status);
}

function tooLarge(c: Context, limit: number): Response {
  return failure(c, 413, 'too-large', `the body may have ${limit} bytes`);
}

function toByte(value: number): number {
  return Math.round(255 * value);
}
