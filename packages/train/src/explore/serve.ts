import { realpath } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, relative } from 'node:path';
import { explorerFolder } from '@onnx-forge/viz';
import sirv from 'sirv';
import { TrainError } from '../errors.js';
import { readLog } from '../metrics/log.js';
import { RunFolder } from '../run/folder.js';
import { sendEvents } from './events.js';
import { asRunList, type ExploredRun, type RunList } from './explored-runs.js';
import { runsJson } from './runs-json.js';

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

const LOG = 'metrics.jsonl';

/** Streams of events at once, and logs that one of them follows. */
const MOST_STREAMS = 20;
const MOST_LOGS = 50;

/**
 * Serves the explorer page with these runs, to this machine only: of a run's folder, the files that the page loads.
 *
 * @param port 0: any that is free
 * @throws TrainError (`port-in-use`) when another program has the port
 */
export async function serveExplorer(runs: RunList | readonly ExploredRun[], port = 0): Promise<ExploreServer> {
  const site = new Site(asRunList(runs));
  const server = createServer((request, response) => {
    void site.answer(request, response).catch((error: Error) => {
      if (response.headersSent) response.destroy(error);
      else refuse(response, 500, error.message);
    });
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

class Site {
  readonly #runs: RunList;
  readonly #page: Answer = sirv(explorerFolder(), { dev: true });
  /** Numbers of run folders, in the order in which they were found: addresses stay when runs come and go. */
  readonly #numbers = new Map<string, number>();
  #known: ReadonlyMap<number, ExploredRun> = new Map();
  #streams = 0;

  constructor(runs: RunList) {
    this.#runs = runs;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { method = '', headers } = request;
    if (!HOSTS.has((headers.host ?? '').replace(/:\d+$/, '')))
      return refuse(response, 421, 'this is no host of that name');
    if (method !== 'GET' && method !== 'HEAD')
      return refuse(response, 405, 'the page is read only', { allow: 'GET, HEAD' });
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    if (path === '/runs.json') return send(response, 'application/json', await this.#json());
    if (path === '/events') return this.#events(response, query);
    const [, place = '', number = '', file = ''] = /^\/(runs|logs|examples)\/(\d+)(?:\.\w+|\/(.*))$/.exec(path) ?? [];
    if (place === '') return this.#page(request, response, () => refuse(response, 404, 'not found'));
    const run = await this.#find(Number(number), place === 'runs' ? file : undefined);
    if (run === undefined) return refuse(response, 404, 'not found');
    if (place === 'examples') return sendExamples(response, run);
    if (place === 'logs') return sendLog(response, run);
    if (!run.files.includes(file) || !(await liesIn(run.folder, file))) return refuse(response, 404, 'not found');
    request.url = `/${file}`;
    sirv(run.folder, { dev: true })(request, response, () => refuse(response, 404, 'not found'));
  }

  async #numbered(): Promise<{ run: ExploredRun; number: number; hasExamples: boolean }[]> {
    const numbered = (await this.#runs.list()).map((run) => {
      const number = this.#numbers.get(run.folder) ?? this.#numbers.size;
      this.#numbers.set(run.folder, number);
      return { run, number, hasExamples: run.manifest !== undefined };
    });
    this.#known = new Map(numbered.map(({ run, number }) => [number, run]));
    return numbered;
  }

  /** The run of that number; folders are looked into again only if it, or its file, is not known yet. */
  async #find(number: number, file: string | undefined): Promise<ExploredRun | undefined> {
    const known = this.#known.get(number);
    if (known && (file === undefined || known.files.includes(file))) return known;
    await this.#numbered();
    return this.#known.get(number);
  }

  async #json(): Promise<string> {
    return runsJson({ title: this.#runs.title, live: true, runs: await this.#numbered() });
  }

  async #events(response: ServerResponse, query: string): Promise<void> {
    const wanted = new Set(new URLSearchParams(query).getAll('log').slice(0, MOST_LOGS).map(Number));
    if (this.#streams >= MOST_STREAMS) return refuse(response, 503, 'too many pages listen: close one');
    const abort = new AbortController();
    response.on('close', () => abort.abort());
    this.#streams++;
    try {
      const logs = new Map<number, string>();
      for (const { number, run } of await this.#numbered()) {
        if (wanted.has(number) && !(await leadsOut(run.folder, LOG))) logs.set(number, run.folder);
      }
      await sendEvents(response, { runs: () => this.#json(), logs, signal: abort.signal });
    } finally {
      this.#streams--;
    }
  }
}

/** Nothing (204) when there are none: the page asks before it is known. */
async function sendExamples(response: ServerResponse, run: ExploredRun): Promise<void> {
  const examples = await run.examples();
  if (examples) send(response, 'application/octet-stream', examples);
  else response.writeHead(204).end();
}

async function sendLog(response: ServerResponse, run: ExploredRun): Promise<void> {
  if (await leadsOut(run.folder, LOG)) return refuse(response, 404, 'not found');
  const lines = await readLog(new RunFolder(run.folder).file('log'));
  send(response, 'application/json', JSON.stringify(lines));
}

/** Whether a file is in a folder, not behind a link that leads out of it. */
async function liesIn(folder: string, file: string): Promise<boolean> {
  const paths = await realPaths(folder, file);
  return paths !== undefined && !relative(...paths).startsWith('..');
}

/** Whether a file that may be there later is one behind a link that leads out of its folder. */
async function leadsOut(folder: string, file: string): Promise<boolean> {
  return (await realPaths(folder, file)) !== undefined && !(await liesIn(folder, file));
}

function realPaths(folder: string, file: string): Promise<[string, string] | undefined> {
  return Promise.all([realpath(folder), realpath(join(folder, file))]).catch(() => undefined);
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
