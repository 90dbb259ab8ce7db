import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Route } from '../browser/site.js';
import type { LooseManifest } from './run-folder.js';

/** A run that a server spoils, and what `load` must say of it. */
export interface BadRun {
  readonly code: string;
  readonly message: RegExp;
  readonly maxBytes?: number;
  /** Instead of the files of a whole run. */
  readonly answers: Readonly<Record<string, Answer>>;
}

type Answer = Uint8Array | string | ((response: ServerResponse) => void);

const PAGE = '<!DOCTYPE html>\n<html><body>Welcome</body></html>';
const GRAPH = 'graphs/encode.onnx';

/** Never ends; tells nothing of its size. */
function endless(response: ServerResponse): void {
  const part = Buffer.alloc(1 << 16);
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(part));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

/** Every way in which a run under a URL can be bad, by what it is. */
export function badRuns(folder: string, manifest: LooseManifest): Readonly<Record<string, BadRun>> {
  const graph = readFileSync(join(folder, GRAPH));
  const other = Buffer.from(graph);
  other[other.length - 1]! ^= 1;
  const garbage = Buffer.from('not onnx');
  const naming = (changes: LooseManifest): string =>
    JSON.stringify({ ...manifest, graphs: { ...manifest.graphs, encode: { ...manifest.graphs.encode, ...changes } } });
  const outside = (file: string): BadRun => ({
    code: 'manifest-invalid',
    message: /graphs\.encode\.file: expected a relative path inside the run folder/,
    answers: { 'manifest.json': naming({ file }) },
  });
  return {
    'nothing at that address': {
      code: 'run-missing',
      message: /there is no run at http.*manifest\.json was not found/,
      answers: { 'manifest.json': (response) => response.writeHead(404).end() },
    },
    'a server that fails': {
      code: 'run-unreachable',
      message: /manifest\.json can't be fetched: the server says 500/,
      answers: { 'manifest.json': (response) => response.writeHead(500).end() },
    },
    'a web page instead of the manifest': {
      code: 'manifest-invalid',
      message: /manifest\.json is a web page \(HTML\), not a manifest/,
      answers: { 'manifest.json': PAGE },
    },
    'a manifest cut off': {
      code: 'manifest-invalid',
      message: /manifest\.json is not JSON/,
      answers: { 'manifest.json': JSON.stringify(manifest).slice(0, 300) },
    },
    'a manifest without end': {
      code: 'run-too-large',
      message: /manifest\.json has more than 100000 bytes, more than the limit of 100000 \(option maxBytes\)/,
      maxBytes: 100_000,
      answers: { 'manifest.json': endless },
    },
    'graphs beyond the limit': {
      code: 'run-too-large',
      message: /its graphs have \d+ bytes together, more than the limit of 4000/,
      maxBytes: 4000,
      answers: {},
    },
    'a manifest that names a file above': outside('../secret.onnx'),
    'a manifest that names a file of the server': outside('/etc/passwd'),
    'a manifest that names a file of another server': outside('https://evil.example/x.onnx'),
    'a manifest that names a file in disguise': outside('graphs/%2e%2e/%2e%2e/x.onnx'),
    'a graph missing': {
      code: 'graph-missing',
      message: /graphs\/encode\.onnx is missing, though the manifest lists it/,
      answers: { [GRAPH]: (response) => response.writeHead(404).end() },
    },
    'a web page instead of a graph': {
      code: 'graph-missing',
      message: /graphs\/encode\.onnx is a web page \(HTML\), though the manifest lists it/,
      answers: { [GRAPH]: PAGE },
    },
    'a graph cut off': {
      code: 'graph-hash',
      message: new RegExp(
        `encode\\.onnx is not the file that was exported: 200 bytes .* expected ${graph.length} bytes`,
      ),
      answers: { [GRAPH]: graph.subarray(0, 200) },
    },
    'a graph whose transfer breaks off': {
      code: 'run-unreachable',
      message: /encode\.onnx can't be fetched: the transfer broke off after 200 bytes/,
      answers: {
        [GRAPH]: (response) => {
          response.writeHead(200, { 'content-length': graph.length });
          response.write(graph.subarray(0, 200), () => setTimeout(() => response.destroy(), 50));
        },
      },
    },
    'another graph of the same size': {
      code: 'graph-hash',
      message: /encode\.onnx is not the file that was exported: .* with sha256 [0-9a-f]{64}, expected/,
      answers: { [GRAPH]: other },
    },
    'a graph without end': {
      code: 'graph-hash',
      message: /encode\.onnx is not the file that was exported: more than \d+ bytes/,
      answers: { [GRAPH]: endless },
    },
    'a graph that is no ONNX file': {
      code: 'not-onnx',
      message: /encode\.onnx is not an ONNX model/,
      answers: {
        'manifest.json': naming({
          bytes: garbage.length,
          sha256: createHash('sha256').update(garbage).digest('hex'),
        }),
        [GRAPH]: garbage,
      },
    },
  };
}

/** Serves bad runs under their number: `0/`, `1/` ... and all else from the whole run's folder. */
export function badRunRoute(folder: string, runs: Readonly<Record<string, BadRun>>): Route {
  const list = Object.values(runs);
  return (request: IncomingMessage, response: ServerResponse) => {
    const [, number, file] = /(\d+)\/([^?]*)$/.exec(request.url ?? '') ?? [];
    const answer = list[Number(number)]?.answers[file ?? ''] ?? readFileSync(join(folder, file ?? ''));
    if (typeof answer === 'function') answer(response);
    else response.writeHead(200).end(answer);
  };
}
