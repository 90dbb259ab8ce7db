import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PLAN, type Plan } from '../file-system/plan.js';
import { type Standstill, watchChild } from '../watch.js';

const WORK = fileURLToPath(new URL('work.js', import.meta.url));
/** Counts and fails file operations. */
export const PRELOAD: string = new URL('../file-system/preload.js', import.meta.url).href;

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  /** From `go` to the end. */
  readonly milliseconds: number;
  /** It was killed because it stood still. */
  readonly standstill?: Standstill | undefined;
}

/** The way in which a process ended, in words. */
export function endOf({ code, signal, standstill, stderr }: Ended): string {
  if (standstill) return `it ${standstill}`;
  return `it ends with ${code ?? signal}: ${stderr.trim().split('\n').at(-1) ?? ''}`;
}

/** Options of a process for a command line. */
export interface WorkOptions {
  readonly plan?: Plan;
  /** Kill it (SIGKILL) so long after it has begun. */
  readonly killAfter?: number;
}

/** Runs a command line in a process of its own. */
export async function runWork(argv: readonly string[], { plan, killAfter }: WorkOptions = {}): Promise<Ended> {
  const { [PLAN]: _, ONNX_FORGE_DATA: __, ...env } = process.env;
  const child = fork(WORK, [JSON.stringify(argv)], {
    execArgv: plan ? ['--import', PRELOAD] : [],
    env: { ...env, ...(plan && { [PLAN]: JSON.stringify(plan) }) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const ended = once(child, 'close') as Promise<[number | null, string | null]>;
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const watch = watchChild(child);
  await Promise.race([once(child, 'message'), ended]);
  const begin = performance.now();
  if (child.connected) child.send('go', () => {});
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const [code, signal] = await ended;
  clearTimeout(timer);
  return { code, signal, stderr, milliseconds: performance.now() - begin, standstill: watch.end() };
}
