import type { Contender, Reading } from '../benchmark.js';
import { PeerProcess, type PeerResult, type PythonOptions } from './peer-process.js';

export type TorchOptions = PythonOptions;

/** The JSON of torch_peer.py. */
export type TorchResult = PeerResult;

export interface TorchBenchmark {
  /** The peer's `--only`. */
  readonly only: string;
  /** Switches that try for a faster PyTorch than the default. */
  readonly flags?: readonly string[] | (() => Promise<readonly string[]>);
  /** A round may take so long, with what has to be compiled for it; afterwards it is given up. Default: as long as it takes. */
  readonly limitMs?: number;
  read(result: TorchResult): Reading;
}

/** The same networks in PyTorch, in a process of its own or in one that it shares. */
export function torch(engine: string, options: TorchOptions | PeerProcess, benchmark: TorchBenchmark): Contender {
  const peer = options instanceof PeerProcess ? options : new PeerProcess(options);
  const { only, flags = [], limitMs, read } = benchmark;
  return {
    engine,
    async open() {
      const version = await peer.open();
      return {
        version: `PyTorch ${`${version.torch}`.replace(/\+.*/, '')}`,
        threads: peer.threads,
        async measure() {
          const more = typeof flags === 'function' ? await flags() : flags;
          return read(await peer.ask(['--only', only, '--steps', '20', ...more], limitMs));
        },
        close: () => peer.close(),
      };
    },
  };
}

/** A number that torch_peer.py printed. @throws TypeError when it did not */
export function numberOf(result: TorchResult, key: string): number {
  const value = result[key];
  if (typeof value !== 'number') throw new TypeError(`torch_peer.py printed no ${key}`);
  return value;
}
