import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that the threads of a process ran, and that they were ready to run while others had the processors. */
export interface Pace {
  readonly ran: number;
  readonly waited: number;
}

/**
 * The pace of a process since its beginning, from `/proc/PID/task/*\/schedstat` (Linux). Elsewhere undefined; threads that have
 * ended do not count.
 */
export function paceOf(pid: number): Pace | undefined {
  try {
    let [ran, waited] = [0, 0];
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [running, waiting] = schedule(`/proc/${pid}/task/${thread}/schedstat`);
      ran += running;
      waited += waiting;
    }
    return { ran: ran / 1e6, waited: waited / 1e6 };
  } catch {
    return undefined;
  }
}

/** The pace of a process's first thread. */
export function paceOfMain(pid: number): Pace | undefined {
  const [ran, waited] = schedule(`/proc/${pid}/task/${pid}/schedstat`);
  return ran === 0 ? undefined : { ran: ran / 1e6, waited: waited / 1e6 };
}

/** Nanoseconds; a thread may end while it is asked. */
function schedule(file: string): readonly [number, number] {
  try {
    const [running, waiting] = readFileSync(file, 'utf8').split(' ').map(Number);
    return [running ?? 0, waiting ?? 0];
  } catch {
    return [0, 0];
  }
}

/** The state of a process that makes no progress. */
export type Standstill =
  /** It had the processor for longer than its work takes. */
  | 'hangs'
  /** It asked for no processor in all the time. */
  | 'is blocked'
  /** Others had the processors: nothing is known about it. */
  | 'starved';

/** Limits of the time without progress, ms. */
export interface Patience {
  /** Of the process's own time on processors. */
  readonly ran: number;
  /** Of the clock's time, for a process that hardly wants to run. */
  readonly blocked: number;
  /** Of the clock's time, for a process that others keep from running. */
  readonly starved: number;
}

export const PATIENCE: Patience = { ran: 60_000, blocked: 180_000, starved: 900_000 };

/** Tells a process that hangs from one that others keep from running. */
export class Watch {
  readonly #patience: Patience;
  #since = 0;
  #before: Pace | undefined;

  constructor(patience: Patience = PATIENCE) {
    this.#patience = patience;
  }

  /** It got on: the time begins anew. */
  progress(now: number, pace: Pace | undefined): void {
    [this.#since, this.#before] = [now, pace];
  }

  /** @param pace where the system doesn't tell it, the clock decides alone, as late as for a starved process */
  judge(now: number, pace: Pace | undefined): Standstill | undefined {
    const { ran, blocked, starved } = this.#patience;
    const still = now - this.#since;
    if (!pace || !this.#before) return still >= starved ? 'hangs' : undefined;
    if (pace.ran - this.#before.ran >= ran) return 'hangs';
    const waited = pace.waited - this.#before.waited;
    if (still >= blocked && waited < still / 10) return 'is blocked';
    return still >= starved ? 'starved' : undefined;
  }
}

/** Kills (SIGKILL) a child that stands still; `end` tells why it did, if it did. */
export function watchChild(
  child: ChildProcess,
  { progressOf = () => 0, patience = PATIENCE }: { progressOf?: () => number; patience?: Patience } = {},
): { end(): Standstill | undefined } {
  const watch = new Watch(patience);
  const pace = (): Pace | undefined => paceOf(child.pid ?? 0);
  let [at, verdict]: [number, Standstill | undefined] = [progressOf(), undefined];
  watch.progress(performance.now(), pace());
  const timer = setInterval(() => {
    const [now, then] = [progressOf(), at];
    at = now;
    if (now !== then) return watch.progress(performance.now(), pace());
    verdict ??= watch.judge(performance.now(), pace());
    if (verdict) child.kill('SIGKILL');
  }, 500);
  return {
    end() {
      clearInterval(timer);
      return verdict;
    },
  };
}
