import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Unavailable } from '../benchmark.js';
import { copyOnEngine } from './on-engine.js';

/** Where tfjs computes: its backends' names. */
export type ProgramEngine = 'onnx' | 'cpu' | 'wasm';

const PRELOAD = new URL('./preload.js', import.meta.url).href;

export interface Line {
  readonly text: string;
  /** Milliseconds since the process was started. */
  readonly at: number;
}

export interface ProgramRun {
  /** The program's standard output. */
  readonly lines: readonly Line[];
  /** The most memory that was resident, in MB. */
  readonly peakMB: number;
}

/** The compiled file of one of examples/tfjs-programs. */
export function programFile(name: string): string {
  return fileURLToPath(import.meta.resolve(`@onnx-forge/example-tfjs-programs/${name}`));
}

/**
 * Runs a program in a process of its own; on another engine than `onnx` with its import line exchanged, and nothing else.
 *
 * @throws Unavailable when the engine lacks a kernel, or the program failed
 */
export async function runProgram(
  file: string,
  engine: ProgramEngine,
  args: readonly (string | number)[] = [],
): Promise<ProgramRun> {
  const copy = engine === 'onnx' ? undefined : await copyOnEngine(file, engine);
  try {
    return await runFile(copy ?? file, args);
  } finally {
    if (copy !== undefined) await rm(dirname(copy), { recursive: true });
  }
}

async function runFile(file: string, args: readonly (string | number)[]): Promise<ProgramRun> {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', PRELOAD, file, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const lines: Line[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push({ text: line, at: performance.now() - start });
  });
  const [complaints, peak, [code, signal]] = await Promise.all([
    text(child.stderr!),
    text(child.stdio[3] as NodeJS.ReadableStream),
    once(child, 'close'),
  ]);
  if (code !== 0) throw refusal(complaints, signal ?? `code ${code}`);
  return { lines, peakMB: Number(peak) / 1024 };
}

/** tfjs's backends lack kernels; else the error's own line of what the process wrote. */
function refusal(complaints: string, end: string): Unavailable {
  const kernel = /Kernel '(\w+)' not registered/.exec(complaints)?.[1];
  if (kernel !== undefined) return new Unavailable({ status: 'cannot', reason: `no ${kernel}` });
  const message = /^\w*Error.*$/m.exec(complaints)?.[0] ?? 'no message';
  return new Unavailable({ status: 'failed', reason: `the program ended (${end}): ${message}` });
}
