import { realpath } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { explorerFolder } from '@onnx-forge/viz';
import sirv from 'sirv';
import { TrainError } from '../errors.js';
import { type ExploredRun, runsJson } from './site.js';

export interface ExploreServer extends AsyncDisposable {
  /** The page's address. */
  readonly url: string;
}

type Answer = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** With these the page is cross-origin isolated: WebAssembly gets threads. */
const HEADERS = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // The rest of the policy is in the page.
  'content-security-policy': "frame-ancestors 'none'",
};

/** A page elsewhere may have its name point at this machine; it then asks for itself, not for one of these. */
const HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Serves the explorer page with these runs, to this machine only: of a run's folder, the files that the page loads.
 *
 * @param port 0: any that is free
 * @throws TrainError (`port-in-use`) when another program has the port
 */
export async function serveExplorer(runs: readonly ExploredRun[], port = 0): Promise<ExploreServer> {
  const folders = [explorerFolder(), ...runs.map(({ folder }) => folder)].map((folder) => sirv(folder, { dev: true }));
  const [page, ...files] = folders as [Answer, ...Answer[]];
  const server = createServer(async (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { method = '', headers } = request;
    if (!HOSTS.has((headers.host ?? '').replace(/:\d+$/, '')))
      return refuse(response, 421, 'this is no host of that name');
    if (method !== 'GET' && method !== 'HEAD')
      return refuse(response, 405, 'the page is read only', { allow: 'GET, HEAD' });
    const missing = (): void => refuse(response, 404, 'not found');
    const [, place = '', index = '', rest] = /^\/(runs|examples)\/(\d+)(.*)$/.exec(request.url ?? '') ?? [];
    if (request.url === '/runs.json') return send(response, 'application/json', runsJson(runs));
    if (place === 'examples') {
      const examples = runs[Number(index)]?.examples;
      return examples ? send(response, 'application/octet-stream', examples) : missing();
    }
    if (place !== 'runs') return page(request, response, missing);
    const run = runs[Number(index)];
    const file = rest?.replace(/^\//, '').replace(/\?.*$/, '');
    if (!run || file === undefined || !run.files.includes(file) || !(await liesIn(run.folder, file))) return missing();
    request.url = `/${file}`;
    files[Number(index)]!(request, response, missing);
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether a file is in a folder, not behind a link that leads out of it. */
async function liesIn(folder: string, file: string): Promise<boolean> {
  const paths = await Promise.all([realpath(folder), realpath(join(folder, file))]).catch(() => undefined);
  return paths !== undefined && !relative(...paths).startsWith('..');
}

function refuse(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(text);
}

function send(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.writeHead(200, { 'content-type': type }).end(body);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: Error & { code?: string }) => {
      const taken = error.code === 'EADDRINUSE';
      const what = taken ? `port ${port} is in use: choose another with --port, or leave it out` : error.message;
      reject(new TrainError('port-in-use', what, { port }, { cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
