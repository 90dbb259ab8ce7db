import { timingSafeEqual } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { ForgeError, type Model } from '@onnx-forge/infer';
import { issueLine } from '@onnx-forge/infer/value-rule';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import type { z } from 'zod';
import { Admission, type Refusal, type Visit } from './admission.js';
import { ServiceMetrics } from './metrics.js';
import { openApi } from './openapi.js';
import { operationsOf } from './operations/index.js';
import type { Answer, Operation, Operations } from './operations/operation.js';

export interface Limits {
  /** Default 1 MiB. */
  readonly bodyBytes?: number | undefined;
  /**
   * Requests that were received whole and are under way, waiting ones included; more are refused with 503. Default 64. Eight times as
   * many may be on their way here.
   */
  readonly requests?: number | undefined;
  /** Requests of one address, those on their way here included; more are refused with 429. Default 32. */
  readonly requestsPerClient?: number | undefined;
  /** Images or texts of a request. Default 100. */
  readonly examples?: number | undefined;
  /** Images that one call of a decoder may make for several requests together; 1 switches that off. Default 256. */
  readonly batch?: number | undefined;
}

export interface ServiceOptions {
  readonly limits?: Limits | undefined;
  /** Clients must send `Authorization: Bearer TOKEN`; /healthz and /readyz are open. */
  readonly token?: string | undefined;
  /** Sees every request first. */
  readonly before?: MiddlewareHandler | undefined;
}

type Env = { Bindings: HttpBindings; Variables: { visit: Visit } };
type Status = 400 | 401 | 404 | 405 | 413 | 429 | 500 | 503;

const REFUSALS: Readonly<Record<Refusal, readonly [status: 429 | 503, message: string]>> = {
  full: [503, 'too many requests are waiting; try again in a second'],
  greedy: [429, 'you have too many requests under way; wait for some of them'],
  closing: [503, 'the service is shutting down'],
};

/** The routes of some models: what each can do, and /models, /openapi.json, /healthz, /readyz, /metrics. */
export interface Service {
  readonly app: Hono<Env>;
  readonly admission: Admission;
}

/**
 * Makes the routes. A model's are `POST /NAME/OPERATION`; those of a single model are also `POST /OPERATION`.
 *
 * @param models by the name that clients call them by
 */
export function createService(
  models: ReadonlyMap<string, Model>,
  { limits = {}, token, before }: ServiceOptions = {},
): Service {
  const { bodyBytes = 2 ** 20, requests = 64, requestsPerClient = 32, examples = 100, batch = 256 } = limits;
  const admission = new Admission({ total: requests, perClient: requestsPerClient });
  const metrics = new ServiceMetrics(admission);
  const operations = new Map(
    [...models].map(([name, model]) => [name, operationsOf(model, { examples, batch })] as const),
  );
  const app = new Hono<Env>();

  app.use(closeUnread);
  if (before) app.use(before);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) =>
    admission.closing ? failure(c, 503, 'closing', REFUSALS.closing[1]) : c.json({ status: 'ready' }),
  );
  if (token !== undefined) app.use(bearer(token));
  app.get('/metrics', async (c) => c.text(await metrics.text(), 200, { 'Content-Type': metrics.contentType }));
  app.get('/openapi.json', (c) => c.json(openApi(operations, { bearer: token !== undefined })));
  app.get('/models', (c) =>
    c.json({ models: [...models].map(([name, model]) => described(name, model, operations.get(name)!)) }),
  );

  app.use(metrics.middleware());
  app.use(async (c, next) => {
    const visit = admission.enter(c.env.incoming.socket.remoteAddress ?? '');
    if (typeof visit === 'string') return refused(c, visit);
    // Also when the client goes away before its answer is whole.
    c.env.outgoing.once('close', () => visit.leave());
    c.set('visit', visit);
    return next();
  });
  app.use(bodyLimit({ maxSize: bodyBytes, onError: (c) => tooLarge(c, bodyBytes) }));
  app.use(async (c, next) => {
    // A client that is slow to send its body holds no turn; `read` finds the text.
    await c.req.text();
    return c.get('visit').take() ? next() : refused(c, 'full');
  });
  for (const [name, ofModel] of operations) {
    for (const [verb, operation] of Object.entries(ofModel)) {
      const paths = models.size === 1 ? [`/${name}/${verb}`, `/${verb}`] : [`/${name}/${verb}`];
      for (const path of paths) app.post(path, (c) => answer(c, operation as unknown as Operation));
    }
  }

  const routes = [...operations].flatMap(([name, ofModel]) =>
    Object.keys(ofModel).map((verb) => `POST /${name}/${verb}`),
  );
  app.notFound((c) => failure(c, 404, 'not-found', `there are ${routes.join(', ')}; see GET /openapi.json`));
  app.onError((error, c) => {
    if (error instanceof ForgeError) return failure(c, 400, error.code, error.message);
    // The client went away before it had sent its whole request, so an answer would not be read.
    if (c.env.incoming.destroyed && !c.env.incoming.complete) {
      return failure(c, 400, 'aborted', 'the request was broken off');
    }
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

function described(name: string, { kind, manifest }: Model, operations: Operations): object {
  const { model: recipe, created } = manifest;
  return { name, kind, recipe, created, operations: Object.keys(operations) };
}

async function answer(c: Context<Env>, operation: Operation): Promise<Response> {
  const body = await read(c, operation.body);
  const gone = new AbortController();
  c.env.outgoing.once('close', () => gone.abort());
  // What is wrong with the request is thrown here, before the answer begins.
  const made = await operation.run(body, { signal: gone.signal });
  if ('lines' in made) return streamed(c, await begun(made.lines), gone.signal);
  return shown(c, made);
}

function shown(c: Context<Env>, { json, png }: Extract<Answer, { json: object }>): Response {
  if (png === undefined || !/\bimage\/png\b/.test(c.req.header('accept') ?? '')) return c.json(json);
  return c.body(png() as Uint8Array<ArrayBuffer>, 200, { 'Content-Type': 'image/png' });
}

/** The same lines once the first one is there: what is wrong with the request is thrown before the answer begins. */
async function begun(lines: AsyncIterable<object>): Promise<AsyncIterable<object>> {
  const iterator = lines[Symbol.asyncIterator]();
  const first = await iterator.next();
  return (async function* () {
    try {
      for (let at = first; !at.done; at = await iterator.next()) yield at.value;
    } finally {
      await iterator.return?.();
    }
  })();
}

/** Lines of JSON. The status is sent before the first one: a failure is the last line. */
function streamed(c: Context<Env>, lines: AsyncIterable<object>, gone: AbortSignal): Response {
  c.header('Content-Type', 'application/x-ndjson');
  const write = async (out: { write(text: string): Promise<unknown> }): Promise<void> => {
    for await (const line of lines) await out.write(`${JSON.stringify(line)}\n`);
  };
  return stream(c, write, async (error, out) => {
    if (gone.aborted) return;
    const known = error instanceof ForgeError;
    if (!known) console.error(error);
    const { code, message } = known ? error : { code: 'internal', message: 'something went wrong here' };
    await out.write(`${JSON.stringify({ error: { code, message } })}\n`);
  });
}

class BadRequest extends ForgeError {}

/** The body, checked. @throws BadRequest, one line */
async function read<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<T> {
  const body: unknown = await c.req.json().catch(() => {
    throw new BadRequest('bad-json', 'the body is not JSON');
  });
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new BadRequest('bad-request', issueLine(result.error.issues[0]!, body, 'the body'));
}

/** Compares in a time that does not tell how much of a token was right. */
function bearer(token: string): MiddlewareHandler {
  const wanted = Buffer.from(`Bearer ${token}`);
  return async (c, next) => {
    const given = Buffer.from(c.req.header('authorization') ?? '');
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return next();
    c.header('WWW-Authenticate', 'Bearer');
    return failure(c, 401, 'unauthorised', 'send the header Authorization: Bearer TOKEN');
  };
}

function failure(c: Context, status: Status, code: string, message: string): Response {
  return c.json({ error: { code, message } }, status);
}

function refused(c: Context, refusal: Refusal): Response {
  const [status, message] = REFUSALS[refusal];
  c.header('Retry-After', '1');
  return failure(c, status, refusal, message);
}

function tooLarge(c: Context, limit: number): Response {
  return failure(c, 413, 'too-large', `the body may have ${limit} bytes`);
}
