import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { type DeviceRequest, InputError, load } from '@onnx-forge/infer';
import { Connections } from './connections.js';
import { hostCheck } from './host-check.js';
import { createService, type Limits } from './service.js';

export interface ServerOptions {
  /** Run folder or URL of a latent model. */
  readonly run: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Names that clients may ask for, without a port. Default: `host` and this machine's own names. */
  readonly hosts?: readonly string[];
  readonly device?: DeviceRequest;
  readonly limits?: Limits;
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

/** Serves a run. @throws ForgeError when it can't be loaded or is of another kind */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { run, port = 0, host = '127.0.0.1', device = 'auto', limits = {} } = options;
  const model = await load(run, { device });
  if (model.kind !== 'latent') {
    await model.dispose();
    throw new InputError(`${run} is a ${model.kind}; this service is for latent models`, { kind: model.kind });
  }
  const { hosts = [host, 'localhost', '127.0.0.1', '[::1]'] } = options;
  const { app, admission } = createService(model, { limits, before: hostCheck(hosts) });
  const serverOptions = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 };
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions }) as Server;
  const connections = new Connections(server);
  server.listen(port, host);
  await once(server, 'listening');
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
      await model.dispose();
    },
  };
}
