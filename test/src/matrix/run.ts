import { spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));
export const CACHE: string = join(ROOT, '.cache', 'matrix');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Stdout and stderr. */
  readonly output: string;
}

export interface CommandOptions {
  /** Where stdout and stderr go, too. */
  readonly log?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end. @throws Error if it can't be started */
export async function command(words: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { log, env = process.env, cwd = ROOT } = options;
  const [program, ...args] = words as [string, ...string[]];
  if (log) await mkdir(dirname(log), { recursive: true });
  const file = log ? createWriteStream(log) : undefined;
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [output, stdout] = ['', ''];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (stream === child.stdout) stdout += text;
      file?.write(text);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (file) await finished(file.end());
  return { code, stdout, output };
}

/** Path of a program of this machine, if it has it. */
export function installed(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
