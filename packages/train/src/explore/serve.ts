import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
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
};

/**
 * Serves the explorer page with these runs, to this machine only.
 *
 * @param port 0: any that is free
 * @throws TrainError (`port-in-use`) when another program has the port
 */
export async function serveExplorer(runs: readonly ExploredRun[], port = 0): Promise<ExploreServer> {
  const folders = [explorerFolder(), ...runs.map(({ folder }) => folder)].map((folder) => sirv(folder, { dev: true }));
  const [page, ...files] = folders as [Answer, ...Answer[]];
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const missing = (): void => void response.writeHead(404).end('not found');
    const [, place = '', index = '', rest] = /^\/(runs|examples)\/(\d+)(.*)$/.exec(request.url ?? '') ?? [];
    if (request.url === '/runs.json') return send(response, 'application/json', runsJson(runs));
    if (place === 'examples') {
      const examples = runs[Number(index)]?.examples;
      return examples ? send(response, 'application/octet-stream', examples) : missing();
    }
    const answer = place === 'runs' ? files[Number(index)] : page;
    if (!answer) return missing();
    if (place === 'runs') request.url = rest || '/';
    answer(request, response, missing);
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
