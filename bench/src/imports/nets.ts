import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { faultsOf, type NetOutcome, type NetResult, worseOf } from './net.js';
import { pythonLines } from './python.js';

const EXAMINE = fileURLToPath(new URL('examine-net.js', import.meta.url));

/** A net that takes longer is stuck. */
const TIMEOUT_MS = 10 * 60_000;

/** Scripts of Python that write nets, with what they take after the folder and the seed. */
const WRITERS = {
  nets: [['import_nets.py']],
  others: [
    ['import_others.py', 'torch'],
    ['import_others.py', 'tensorflow'],
  ],
} as const;

interface NetsOptions {
  readonly python: string;
  /** Where the nets are put; each is deleted when it was examined. */
  readonly folder: string;
  /** Names; none: all of them. */
  readonly only: readonly string[];
  /** How often each is made, with other weights. */
  readonly seeds: number;
  readonly onResult: (result: NetResult, seed: number, faults: readonly string[]) => void;
}

/** Writes the nets of PyTorch, or those of others, and examines each: the worst of all seeds. */
export async function examineNets(
  which: keyof typeof WRITERS,
  { python, folder, only, seeds, onResult }: NetsOptions,
): Promise<{ versions: string[]; results: NetResult[] }> {
  const results = new Map<string, NetResult>();
  const versions = new Set<string>();
  for (let seed = 0; seed < seeds; seed++) {
    for (const [script, ...before] of WRITERS[which]) {
      const file = fileURLToPath(new URL(`../../${script}`, import.meta.url));
      for await (const line of pythonLines(python, file, [folder, String(seed), ...before, ...only])) {
        if (!('net' in line)) {
          for (const [name, version] of Object.entries(line))
            versions.add(`${name} ${String(version).replace(/\+.*/, '')}`);
          continue;
        }
        const { net, exporter, stem, failed, parameters = 0 } = line as unknown as Exported;
        const outcome = failed === undefined ? await examine(stem) : { failed: `can't be exported: ${failed}` };
        const result = { net, exporter, parameters, outcome };
        const key = `${net} ${exporter}`;
        const before = results.get(key);
        results.set(key, before ? worseOf(before, result) : result);
        onResult(result, seed, faultsOf(result));
        await Promise.all(['onnx', 'json', 'bin'].map((ending) => rm(`${stem}.${ending}`, { force: true })));
      }
    }
  }
  return { versions: [...versions], results: [...results.values()] };
}

interface Exported {
  readonly net: string;
  readonly exporter: string;
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
