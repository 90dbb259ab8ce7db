import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** Where onnxruntime-web's WebAssembly files lie. */
export const ONNXRUNTIME_WEB: string = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));

/** Allows WebAssembly, but no `eval`, nothing inline and nothing from elsewhere. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";

/** Makes a page cross-origin isolated: it gets threads. */
export const ISOLATION: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/** A folder, a page's text, or whatever an answer is made by. */
export type Route =
  | { folder: string }
  | { html: string }
  | ((request: IncomingMessage, response: ServerResponse) => void);

/** A web server on this machine for one test. */
export class Site implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #routes: Readonly<Record<string, Route>>;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param routes by the start of the path; the longest that fits answers. */
  static async open(
    routes: Readonly<Record<string, Route>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Site> {
    const site = new Site(routes, headers);
    await new Promise<void>((resolve) => site.#server.listen(0, '127.0.0.1', resolve));
    return site;
  }

  private constructor(routes: Readonly<Record<string, Route>>, headers: Readonly<Record<string, string>>) {
    this.#routes = routes;
    this.#headers = headers;
  }

  /** Ends with a slash. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    const start = Object.keys(this.#routes)
      .filter((route) => path.startsWith(route))
      .sort((a, b) => b.length - a.length)[0];
    const route = start === undefined ? undefined : this.#routes[start];
    if (typeof route === 'function') return route(request, response);
    if (route && 'html' in route && path === start) {
      response.writeHead(200, { 'content-type': TYPES['.html'] }).end(route.html);
      return;
    }
    const file = route && 'folder' in route ? join(route.folder, normalize(path.slice(start!.length))) : '';
    const bytes = file === '' ? undefined : await readFile(file).catch(() => undefined);
    if (!bytes) return void response.writeHead(404).end('not found');
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(bytes);
  }
}
