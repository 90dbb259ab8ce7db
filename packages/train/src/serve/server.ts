import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type DeviceRequest, InputError, load, type Model } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import { Connections } from './connections.js';
import { hostCheck } from './host-check.js';
import { createService, type Limits } from './service.js';

export interface ServerOptions {
  /** Run folders or URLs, by the name that clients call each by. */
  readonly runs: Readonly<Record<string, string>>;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Names that clients may ask for, without a port. Default: `host` and this machine's own names. */
  readonly hosts?: readonly string[] | undefined;
  readonly device?: DeviceRequest | undefined;
  /** Threads of an operator on the CPU; default: one per physical core. */
  readonly threads?: number | undefined;
  readonly limits?: Limits | undefined;
  /** Clients must send it as `Authorization: Bearer TOKEN`. */
  readonly token?: string | undefined;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more requests, finishes those under way, frees the model. Clients get 5 s to send the rest of a request. */
  close(): Promise<void>;
}

/** Time that a client has to send a request: its headers, and all of it. */
const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
/** The same once the service is to end. */
const LAST_MS = 5_000;

/**
 * Loads runs, computes with each once so that the first request does not wait for it, and answers requests.
 *
 * @throws ForgeError when a run can't be loaded; InputError for a name that is no part of a route; TrainError (`port-in-use`)
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { runs, port = 0, host = '127.0.0.1', limits, token } = options;
  const models = await loadAll(runs, options);
  const { hosts = [host, 'localhost', '127.0.0.1', '[::1]'] } = options;
  const { app, admission } = createService(models, { limits, token, before: hostCheck(hosts) });
  const serverOptions = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  const connections = new Connections(server);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    await disposeAll(models);
    const message = `${host}:${port} can't be listened on: ${(error as Error).message}`;
    throw new TrainError('port-in-use', message, { host, port }, { cause: error });
  }
  const { port: granted } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${granted}`,
    async close() {
      admission.close();
      const closed = once(server, 'close');
      server.close();
      // A connection that is kept alive would be waited for after its request is done.
      const sweep = setInterval(() => server.closeIdleConnections(), 20);
      const deadline = setTimeout(() => connections.endUnanswered(), LAST_MS);
      await closed;
      clearInterval(sweep);
      clearTimeout(deadline);
      await disposeAll(models);
    },
  };
}

/** Route names that are taken. */
const OWN_ROUTES = ['healthz', 'readyz', 'metrics', 'models', 'openapi.json'];

async function loadAll(
  runs: Readonly<Record<string, string>>,
  { device = 'auto', threads }: ServerOptions,
): Promise<Map<string, Model>> {
  const models = new Map<string, Model>();
  try {
    for (const [name, run] of Object.entries(runs)) {
      if (!/^\w[\w.-]*$/.test(name) || OWN_ROUTES.includes(name)) {
        throw new InputError(`'${name}' can't be the name of a served model: letters, digits, '.', '_' and '-'`, {
          name,
        });
      }
      const model = await load(run, { device, ...(threads !== undefined && { threads }) });
      models.set(name, model);
      await warmUp(model);
    }
    return models;
  } catch (error) {
    await disposeAll(models);
    throw error;
  }
}

/** Opens the graphs that most requests need. */
async function warmUp(model: Model): Promise<void> {
  if (model.kind === 'latent' || model.kind === 'conditional' || model.kind === 'generator') await model.sample(1);
}

async function disposeAll(models: ReadonlyMap<string, Model>): Promise<void> {
  for (const model of models.values()) await model.dispose();
}
