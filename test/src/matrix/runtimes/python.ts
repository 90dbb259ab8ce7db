import { execFile, spawn } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../../src/matrix/runtimes/graphs.py', import.meta.url));
const PYTHON = process.env.PYTHON ?? 'python3';

const execute = promisify(execFile);

/** A line of graphs.py about one graph. */
export interface GraphResult {
  readonly name: string;
  /** Why it is not right. */
  readonly fault?: string;
}

export interface Results {
  /** Of onnx or onnxruntime. */
  readonly version: string;
  readonly graphs: readonly GraphResult[];
}

/** Why there is no Python with pip here; its version if there is. */
export async function findPython(): Promise<{ version: string } | { reason: string }> {
  try {
    const { stdout } = await execute(PYTHON, ['--version']);
    await execute(PYTHON, ['-m', 'pip', '--version']);
    return { version: stdout.trim() };
  } catch (error) {
    const [line] = (error as Error).message.split('\n').slice(-2);
    return { reason: `${PYTHON} with pip is not here (${line})` };
  }
}

/** Installs packages into a folder of their own, once. @throws Error with pip's last line */
export async function install(cache: string, name: string, packages: readonly string[]): Promise<string> {
  const folder = join(cache, name);
  if (await stat(folder).catch(() => undefined)) return folder;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
  const args = ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', '--target', unfinished, ...packages];
  await execute(PYTHON, args, { maxBuffer: 1 << 26 }).catch((error: Error & { stderr?: string }) => {
    const lines = (error.stderr ?? error.message).split('\n').filter((line) => line.startsWith('ERROR'));
    throw new Error(lines.at(-1) ?? error.message);
  });
  await rename(unfinished, folder);
  return folder;
}

/** Runs graphs.py with the packages of a folder. */
export async function runGraphs(mode: 'check' | 'run', packages: string, graphs: string): Promise<Results> {
  const env = { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(PYTHON, [SCRIPT, mode, graphs], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors = `${errors}${text}`.slice(-4000);
  });
  const closed = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  const code = await closed;
  // A crash of the runtime ends the process at the graph after the last line.
  if (code !== 0) throw new Error(`graphs.py ended with ${code} after graph ${lines.length - 1}: ${errors.trim()}`);
  const [first, ...rest] = lines.map((line) => JSON.parse(line) as { version: string } & GraphResult);
  return { version: first!.version, graphs: rest };
}
