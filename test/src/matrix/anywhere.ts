import { mkdir, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pythonEvaluationRow } from './python-evaluation.js';
import type { Outcome, Row } from './row.js';
import { type CommandOptions, type CommandResult, command, installed, ROOT } from './run.js';
import { findPython, install } from './runtimes/python.js';

const EXAMPLE = join(ROOT, 'examples', 'train-anywhere');
const CACHE = join(ROOT, '.cache', 'train-anywhere');
const STEPS = 200;

/** The same onnxruntime as Node's. */
const { version: ORT } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

/** PyPI's onnxruntime, for whoever imports or loads it. */
interface Runtime {
  readonly packages: string;
  /** Path of the shared library. */
  readonly library: string;
}

/** A program of the example. */
interface Language {
  readonly name: string;
  readonly title: string;
  /** Programs that must be on this machine. */
  readonly programs: readonly string[];
  /** Gets the packages from their registry: the row is skipped when that fails. */
  readonly fetch?: readonly string[];
  readonly build?: readonly string[];
  /** Takes RUN INPUTS OUT. */
  readonly start: readonly string[];
  readonly needsRuntime?: boolean;
  env?(runtime: Runtime): NodeJS.ProcessEnv;
}

const LANGUAGES: readonly Language[] = [
  {
    name: 'python',
    title: `Python, PyPI's onnxruntime ${ORT}`,
    programs: [],
    start: [process.env.PYTHON ?? 'python3', 'train.py'],
    needsRuntime: true,
    env: ({ packages }) => ({ PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' }),
  },
  {
    name: 'go',
    title: `Go, github.com/yalue/onnxruntime_go and PyPI's library`,
    programs: ['go', 'cc'],
    fetch: ['go', 'mod', 'download'],
    build: ['go', 'build', '-o', join(CACHE, 'train-go'), '.'],
    start: [join(CACHE, 'train-go')],
    needsRuntime: true,
    env: ({ library }) => ({ ONNXRUNTIME_LIB: library }),
  },
  {
    name: 'java',
    title: 'Java, com.microsoft.onnxruntime of Maven Central',
    programs: ['java', 'mvn'],
    fetch: ['mvn', '-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(CACHE, 'jars')}`],
    start: ['java', '-cp', join(CACHE, 'jars', '*'), 'Train.java'],
  },
  {
    name: 'rust',
    title: `Rust, the crate ort and PyPI's library`,
    programs: ['cargo'],
    fetch: ['cargo', 'fetch', '--locked'],
    build: ['cargo', 'build', '--release', '--locked', '--target-dir', join(CACHE, 'cargo')],
    start: [join(CACHE, 'cargo', 'release', 'train-anywhere')],
    needsRuntime: true,
    env: ({ library }) => ({ ORT_DYLIB_PATH: library }),
  },
];

/** A row for each language of `examples/train-anywhere`: it trains as Node does, or the row fails; and that of `examples/python-evaluation`. */
export function anywhereRows(): Row[] {
  const recorded = once(record);
  const runtime = once(findRuntime);
  const rows = LANGUAGES.map(
    (language): Row => ({
      name: `anywhere-${language.name}`,
      title: `a saved step of the vae, ${STEPS} times: ${language.title}`,
      minutes: 0.25, // with the recording, which all share
      oneCore: true,
      run: (log) => train(language, log, recorded, runtime),
    }),
  );
  return [...rows, pythonEvaluationRow(runtime)];
}

async function train(
  language: Language,
  log: string,
  recorded: (log: string) => Promise<Recording>,
  runtime: (log: string) => Promise<Runtime | { reason: string }>,
): Promise<Outcome> {
  const { name, programs, fetch, build, start, needsRuntime, env } = language;
  const missing = programs.find((program) => !installed(program));
  if (missing !== undefined) return { status: 'skipped', reason: `${missing} is not installed` };
  const found = needsRuntime ? await runtime(log) : undefined;
  if (found && 'reason' in found) return { status: 'skipped', reason: found.reason };
  const options: CommandOptions = {
    cwd: join(EXAMPLE, name),
    env: { ...process.env, ...(found && env?.(found)) },
  };
  if (fetch) {
    const { code, output } = await command(fetch, { ...options, log: `${log}.fetch` });
    if (code !== 0)
      return { status: 'skipped', reason: `the packages can't be had (${lastLine(output)}; see ${log}.fetch)` };
  }
  const { run, inputs, expected } = await recorded(`${log}.node`);
  const out = join(CACHE, `${name}.safetensors`);
  await rm(out, { force: true });
  if (build) succeeded(await command(build, { ...options, log: `${log}.build` }));
  succeeded(await command([...start, run, inputs, out], { ...options, log }));
  const { code, stdout } = await command([process.execPath, join(EXAMPLE, 'compare.mjs'), expected, out]);
  return { status: code === 0 ? 'passed' : 'failed', about: lastLine(stdout) };
}

interface Recording {
  readonly run: string;
  readonly inputs: string;
  readonly expected: string;
}

/** Trains a little, then records 200 steps more. */
async function record(log: string): Promise<Recording> {
  const [run, folder] = [join(CACHE, 'run'), join(CACHE, 'recording')];
  await rm(run, { recursive: true, force: true });
  await mkdir(CACHE, { recursive: true });
  const cli = join(ROOT, 'packages', 'train', 'bin', 'onnx-forge.js');
  const quick = ['--max-steps', '20', '--no-evaluate', '--no-figures', '--device', 'cpu'];
  const node = (...words: string[]): Promise<CommandResult> => command([process.execPath, ...words], { log });
  succeeded(await node(cli, 'train', 'vae', '--data', 'embedded', '--save-step', ...quick, '--out', run));
  succeeded(await node(join(EXAMPLE, 'record.mjs'), run, folder, `${STEPS}`));
  return { run, inputs: join(folder, 'inputs.safetensors'), expected: join(folder, 'expected.safetensors') };
}

async function findRuntime(): Promise<Runtime | { reason: string }> {
  const python = await findPython();
  if ('reason' in python) return python;
  try {
    const packages = await install(CACHE, `onnxruntime-${ORT}`, [`onnxruntime==${ORT}`, 'numpy']);
    const folder = join(packages, 'onnxruntime', 'capi');
    const library = (await readdir(folder)).find((file) => /^(lib)?onnxruntime\.(so|dylib|dll|\d)/.test(file));
    if (library === undefined) throw new Error(`${folder} has no onnxruntime library`);
    return { packages, library: join(folder, library) };
  } catch (error) {
    return { reason: `onnxruntime ${ORT} can't be had from PyPI (${(error as Error).message})` };
  }
}

/** Rows that run at the same time share what it gives. */
function once<T>(work: (log: string) => Promise<T>): (log: string) => Promise<T> {
  let result: Promise<T> | undefined;
  return (log) => {
    result ??= work(log);
    return result;
  };
}

function succeeded({ code, output }: CommandResult): void {
  if (code !== 0) throw new Error(`exit code ${code}: ${lastLine(output)}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
