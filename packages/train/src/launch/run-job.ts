import { spawn } from 'node:child_process';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Job } from './launcher.js';

/** How a job ended, as its result file says. */
export interface JobResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** It was asked to end. */
  readonly asked: boolean;
  /** It was ended for a limit of its own, which this names; or it could not start. */
  readonly over?: string | undefined;
  readonly host: string;
}

/** From the wish that a job may end until it is killed, ms: time for a checkpoint. */
const GRACE_MS = 20_000;
/** Between two looks at a job's memory, ms. */
const MEMORY_EVERY_MS = 500;

/**
 * Runs a job to its end within its limits, and writes how it ended to a file. Every launcher starts this on the machine where
 * the job is to run: so its end is known without a process that waits for it.
 *
 * SIGTERM and SIGINT ask the job to end; SIGUSR1 does too, and has it run again where the job says how.
 *
 * @returns the exit code to end with: the job's own
 */
export async function runJob(job: Job, resultFile: string): Promise<number> {
  const { argv, folder, needs, requeue } = job;
  const [program, ...args] = argv;
  const child = spawn(program!, args, { cwd: folder, stdio: 'inherit' });
  let over: string | undefined;
  let asked = false;
  let again = false;
  const end = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref();
  };
  const ask = (): void => {
    asked = true;
    end();
  };
  process.on('SIGTERM', ask).on('SIGINT', ask);
  process.on('SIGUSR1', () => {
    again = requeue !== undefined;
    ask();
  });
  const exceed = (why: string): void => {
    over ??= why;
    end();
  };
  const timers = watchLimits(needs, () => residentMb(child.pid), exceed);
  const result = await new Promise<JobResult>((settle) => {
    const host = hostname();
    child.once('error', (error) => settle({ exitCode: 127, signal: null, asked, over: error.message, host }));
    child.once('exit', (exitCode, signal) => settle({ exitCode, signal, asked, over, host }));
  });
  for (const timer of timers) clearTimeout(timer);
  const due = again && result.exitCode !== 0;
  if (due && (await succeeds(requeue!))) return 0;
  const stuck = { asked: false, over: 'its time was over, and it could not queue again' };
  // Node's own means only: this program is started for every job.
  await writeFile(`${resultFile}.tmp`, JSON.stringify(due ? { ...result, ...stuck } : result));
  await rename(`${resultFile}.tmp`, resultFile);
  return result.exitCode ?? 1;
}

function watchLimits(
  { minutes, memoryMb }: Job['needs'],
  used: () => Promise<number | undefined>,
  exceed: (why: string) => void,
): NodeJS.Timeout[] {
  const timers: NodeJS.Timeout[] = [];
  if (minutes !== undefined) {
    timers.push(setTimeout(() => exceed(`it took longer than ${minutes} minutes`), minutes * 60_000));
  }
  if (memoryMb !== undefined) {
    const look = async (): Promise<void> => {
      const now = await used();
      if (now !== undefined && now > memoryMb) exceed(`it used ${Math.round(now)} MB of memory, more than ${memoryMb}`);
    };
    timers.push(setInterval(() => void look(), MEMORY_EVERY_MS));
  }
  return timers;
}

/** Memory of a process that is not swapped out; undefined where the system does not tell. */
async function residentMb(pid: number | undefined): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
}

function succeeds([program, ...args]: readonly string[]): Promise<boolean> {
  return new Promise((settle) => {
    const child = spawn(program!, args, { stdio: 'inherit' });
    child.once('error', () => settle(false)).once('exit', (code) => settle(code === 0));
  });
}
