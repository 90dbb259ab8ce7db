import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const PAGE_SCRIPT = fileURLToPath(new URL('page.js', import.meta.url));
const ONNXRUNTIME_WEB = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
/** Of the wasm and of the WebGPU driver. */
const WASM_FILES = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'];
const HTML = '<!doctype html><meta charset="utf-8"><title>bench</title><script type="module" src="/page.js"></script>';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** They make a page cross-origin isolated: it gets threads. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

export interface BenchSite {
  /** Of the page; the run is at `run`, relative to it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the benchmark's page and a run on this machine. */
export async function openSite(run: string, { isolated }: { readonly isolated: boolean }): Promise<BenchSite> {
  const scripts = await mkdtemp(join(tmpdir(), 'onnx-forge-bench-page-'));
  await build({
    entryPoints: { page: PAGE_SCRIPT },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    splitting: true,
    outdir: scripts,
    logLevel: 'error',
  });
  for (const file of WASM_FILES) await cp(join(ONNXRUNTIME_WEB, file), join(scripts, file));

  const fileOf = (path: string): string =>
    path.startsWith('/run/') ? join(run, normalize(path.slice('/run'.length))) : join(scripts, normalize(path));
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    for (const [name, value] of Object.entries(isolated ? ISOLATION : {})) response.setHeader(name, value);
    if (path === '/') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(HTML);
      return;
    }
    const bytes = await readFile(fileOf(path)).catch(() => undefined);
    if (bytes === undefined) response.writeHead(404).end('not found');
    else response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(scripts, { recursive: true, force: true });
    },
  };
}
