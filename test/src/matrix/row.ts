import { join } from 'node:path';
import { longFirst } from '../mocha/files.js';
import { nodeBinary } from './node-binary.js';
import { type CommandResult, command, installed, ROOT } from './run.js';

/** The result of a row. `about`: versions and the like, for the table. `sizes`: of the files that the row built. */
export type Outcome =
  | {
      readonly status: 'passed' | 'failed';
      readonly counts?: Counts;
      readonly about?: string;
      readonly sizes?: BundleSizes;
    }
  | { readonly status: 'skipped'; readonly reason: string };

/** Numbers of tests. */
export interface Counts {
  readonly passing: number;
  readonly pending: number;
  readonly failing: number;
}

/** Bytes of a bundle's files, as they are and after gzip. */
export interface BundleSizes {
  readonly scripts: number;
  readonly scriptsGzip: number;
  readonly wasm: number;
  readonly wasmGzip: number;
}

/** One line of the matrix. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Belongs to `--quick`: a minute or two. */
  readonly quick?: boolean;
  /** Minutes that are planned for it, on two cores that do nothing else; its result says how long it took. */
  readonly minutes?: number;
  /** Keeps one core busy: two such rows run at the same time. */
  readonly oneCore?: boolean;
  /** Writes what it prints to `log`. */
  run(log: string): Promise<Outcome>;
}

export interface Setting {
  /** Default: the Node that runs the matrix. */
  readonly node?: string;
  /** A processor that qemu-x86_64 knows. */
  readonly emulated?: string;
  /** Of each onnxruntime session that names no number. */
  readonly threads?: number;
  /** `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const MOCHA = join(ROOT, 'node_modules', 'mocha', 'lib', 'cli', 'cli.js');
const REPORTER = join(ROOT, 'test', 'dist', 'mocha', 'slowest-files.js');
const THREADS = new URL('threads.js', import.meta.url).href;

/** No Vulkan driver: no WebGPU adapter in Node. */
export const NO_WEBGPU = { VK_ICD_FILENAMES: '/dev/null' } as const;

export interface TestRow extends Pick<Row, 'name' | 'title' | 'quick' | 'minutes' | 'oneCore'>, Setting {
  files(): string[];
}

/** A row that runs test files. */
export function tests({ files, node, emulated, threads, env, ...row }: TestRow): Row {
  const setting: Setting = {
    ...(node !== undefined && { node }),
    ...(emulated !== undefined && { emulated }),
    ...(threads !== undefined && { threads }),
    ...(env !== undefined && { env }),
  };
  return {
    ...row,
    async run(log) {
      const missing = await whyNot(setting);
      if (missing) return { status: 'skipped', reason: missing };
      const { words, env } = await program(setting);
      const mocha = (args: readonly string[], to: string): Promise<CommandResult> =>
        command([...words, MOCHA, '--reporter', REPORTER, ...args], { log: to, env });
      const all = longFirst(files());
      // Mocha would start its workers without the emulator, so that here are two of it.
      const results = await (emulated === undefined
        ? Promise.all([mocha(row.oneCore ? all : ['--parallel', '--jobs', '2', ...all], log)])
        : Promise.all(
            [0, 1].map((part) => mocha(['--timeout', '0', ...all.filter((_, i) => i % 2 === part)], `${log}.${part}`)),
          ));
      const counts = results.map(({ output }) => countsOf(output)).reduce(sum);
      const passed = results.every(({ code }) => code === 0) && counts.passing > 0;
      return { status: passed ? 'passed' : 'failed', counts };
    },
  };
}

/** Why a setting can't be had on this machine. */
export async function whyNot({ emulated }: Setting): Promise<string | undefined> {
  if (emulated === undefined) return undefined;
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the emulator runs programs of Linux on x64 only';
  return installed('qemu-x86_64') ? undefined : 'qemu-x86_64 is not installed (Debian: apt-get install qemu-user)';
}

/** Command line and environment of a Node as the setting wants it. */
export async function program(setting: Setting): Promise<{ words: string[]; env: NodeJS.ProcessEnv }> {
  const { node, emulated, threads, env = {} } = setting;
  const path = node === undefined ? process.execPath : await nodeBinary(node);
  const preload =
    threads === undefined ? {} : { ONNX_FORGE_TEST_THREADS: `${threads}`, NODE_OPTIONS: `--import=${THREADS}` };
  return {
    words: emulated === undefined ? [path, '--enable-source-maps'] : ['qemu-x86_64', '-cpu', emulated, path],
    // Commands that tests start find the same Node.
    env: { ...process.env, PATH: `${join(path, '..')}:${process.env.PATH}`, ...preload, ...env },
  };
}

/** Mocha's totals. */
export function countsOf(output: string): Counts {
  const last = (word: string): number =>
    Number([...output.matchAll(new RegExp(`^ +(\\d+) ${word}\\b`, 'gm'))].at(-1)?.[1] ?? 0);
  return { passing: last('passing'), pending: last('pending'), failing: last('failing') };
}

function sum(a: Counts, b: Counts): Counts {
  return { passing: a.passing + b.passing, pending: a.pending + b.pending, failing: a.failing + b.failing };
}
