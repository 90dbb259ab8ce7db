import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Exporter, faultsOf, type NetOutcome, type NetResult } from './net.js';
import { pythonLines } from './python.js';

const SCRIPT = fileURLToPath(new URL('../../import_nets.py', import.meta.url));
const EXAMINE = fileURLToPath(new URL('examine-net.js', import.meta.url));

/** A net that takes longer is stuck. */
const TIMEOUT_MS = 10 * 60_000;

interface NetsOptions {
  readonly python: string;
  /** Where the nets are put; each is deleted when it was examined. */
  readonly folder: string;
  /** Names; none: all of them. */
  readonly only: readonly string[];
  readonly onResult: (result: NetResult, faults: readonly string[]) => void;
}

/** Exports the nets with PyTorch and examines each. */
export async function examineNets(options: NetsOptions): Promise<{ versions: string[]; results: NetResult[] }> {
  const { python, folder, only, onResult } = options;
  const results: NetResult[] = [];
  let versions: string[] = [];
  for await (const line of pythonLines(python, SCRIPT, [folder, ...only])) {
    if (!('net' in line)) {
      versions = Object.entries(line).map(([name, version]) => `${name} ${String(version).replace(/\+.*/, '')}`);
      continue;
    }
    const { net, exporter, stem, failed, parameters = 0 } = line as unknown as Exported;
    const outcome = failed === undefined ? await examine(stem) : { failed: `PyTorch can't export it: ${failed}` };
    const result = { net, exporter, parameters, outcome };
    results.push(result);
    onResult(result, faultsOf(result));
    await Promise.all(['onnx', 'json', 'bin'].map((ending) => rm(`${stem}.${ending}`, { force: true })));
  }
  return { versions, results };
}

interface Exported {
  readonly net: string;
  readonly exporter: Exporter;
  readonly stem: string;
  readonly failed?: string;
  readonly parameters?: number;
}

/** A process of its own for each net: what it takes of memory goes with it. */
async function examine(stem: string): Promise<NetOutcome> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMINE, stem], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as NetOutcome;
  } catch (error) {
    const { killed, message } = error as { killed?: boolean; message: string };
    return { failed: killed ? `not done after ${TIMEOUT_MS / 1000} s` : message.split('\n')[0]! };
  }
}
