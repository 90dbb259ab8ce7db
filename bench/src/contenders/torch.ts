import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Contender, type Reading, Unavailable } from '../benchmark.js';
import type { Clock } from '../worker/timing.js';
import { threadLimits } from './worker.js';

const PEER = fileURLToPath(new URL('../../torch_peer.py', import.meta.url));
const INSTALL =
  'pip install torch --index-url https://download.pytorch.org/whl/cpu, or --python PATH of one that has it';

const run = promisify(execFile);

/** The JSON that torch_peer.py prints: facts and, per benchmark, numbers. */
export type TorchResult = Readonly<Record<string, unknown>>;

export interface TorchOptions {
  /** The interpreter. */
  readonly python: string;
  readonly threads: number;
  readonly clock: Clock;
}

export interface TorchBenchmark {
  /** The peer's `--only`. */
  readonly only: string;
  /** Switches that try for a faster PyTorch than the default. */
  readonly flags?: readonly string[] | (() => Promise<readonly string[]>);
  read(result: TorchResult): Reading;
}

/** The same networks in PyTorch: each round is a process of its own. */
export function torch(engine: string, { python, threads, clock }: TorchOptions, benchmark: TorchBenchmark): Contender {
  return {
    engine,
    async open() {
      const version = await torchVersion(python);
      const { only, flags = [], read } = benchmark;
      return {
        version,
        threads,
        async measure() {
          const settings = [
            '--only',
            only,
            '--threads',
            `${threads}`,
            '--steps',
            '20',
            ...(typeof flags === 'function' ? await flags() : flags),
          ];
          const env = { ...process.env, ...threadLimits(threads), BENCH_CLOCK: clock };
          const { stdout } = await run(python, [PEER, ...settings], { env }).catch(lastLine);
          return read(JSON.parse(stdout) as TorchResult);
        },
        close: async () => {},
      };
    },
  };
}

/** Python's own words are the last line of its traceback. */
function lastLine(error: Error & { stderr?: string }): never {
  throw new Error(`torch_peer.py: ${error.stderr?.trim().split('\n').at(-1) || error.message}`);
}

/** A number that torch_peer.py printed. @throws TypeError when it did not */
export function numberOf(result: TorchResult, key: string): number {
  const value = result[key];
  if (typeof value !== 'number') throw new TypeError(`torch_peer.py printed no ${key}`);
  return value;
}

/** `PyTorch 2.15.0`. @throws Unavailable when the interpreter or its torch is missing */
async function torchVersion(python: string): Promise<string> {
  try {
    const { stdout } = await run(python, ['-c', 'import torch; print(torch.__version__)']);
    return `PyTorch ${stdout.trim().replace(/\+.*/, '')}`;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const what = missing ? `there is no '${python}'` : `'${python}' has no torch`;
    throw new Unavailable({ status: 'absent', reason: `${what}: ${INSTALL}` });
  }
}
