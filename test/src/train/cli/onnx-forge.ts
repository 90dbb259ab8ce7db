import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../../../packages/train/bin/onnx-forge.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Without what native libraries print when they look for a graphics card. */
  readonly stderr: string;
}

const COMMANDS = fileURLToPath(new URL('commands-child.js', import.meta.url));

/** Starts the command line as users do, in a folder of its own. */
export function start(args: readonly string[], cwd: string): { child: ChildProcess; ended: Promise<Ended> } {
  return startScript(BIN, args, cwd);
}

function startScript(script: string, args: readonly string[], cwd: string) {
  const { ONNX_FORGE_DATA: _, ...env } = process.env;
  const child = spawn(process.execPath, [script, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (part: string) => {
      texts[name] += part;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...texts, code }));
  });
  return { child, ended };
}

export function onnxForge(args: string | readonly string[], cwd: string): Promise<Ended> {
  return start(typeof args === 'string' ? args.split(' ') : args, cwd).ended;
}

/** Outcomes of command lines, run in one process one after the other: starting a process takes longer than a refusal. */
export async function eachOf(lines: readonly string[], cwd: string): Promise<Ended[]> {
  const { code, stdout, stderr } = await startScript(COMMANDS, [JSON.stringify(lines)], cwd).ended;
  if (code !== 0) throw new Error(`${COMMANDS} ended with ${code}: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Ended);
}

/** The lines that begin with the program's name: its own complaints. */
export function complaints({ stderr }: Ended): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('onnx-forge:'));
}

/** A new folder for `use`, deleted afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-forge-cli-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
