import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, type Job, type JobId, type JobState, type Launcher } from '../launch/launcher.js';

/** Between two looks at the jobs of a launcher, ms; also the shortest time where the launcher asks for longer ones. */
const LOOK_EVERY_MS = 500;
/** Such longer pauses are one part in so many of the wait so far: short sweeps are told of at once. */
const LOOKS = 20;
/** How often a job is launched that was lost, or ended without having done its work. */
const LAUNCHES = 3;

/** Numbered jobs of a launcher. */
export interface FollowedJobs {
  readonly launcher: Launcher;
  readonly ids: readonly JobId[];
  /** The number that each job works on, in the order of the ids. */
  readonly numbers: readonly number[];
  readonly signal: AbortSignal | undefined;
  /** Called once for each job, when it is over. */
  onOver(number: number, state: JobState): Promise<void>;
}

/** Waits until jobs are over, or `signal` is aborted. @returns the number of jobs that somebody ended */
export async function followJobs({ launcher, ids, numbers, signal, onOver }: FollowedJobs): Promise<number> {
  let cancelled = 0;
  let left = ids.map((id, index) => ({ id, number: numbers[index]! }));
  const begin = performance.now();
  const { lookEveryMs = LOOK_EVERY_MS } = launcher;
  while (left.length > 0 && !signal?.aborted) {
    const states = await launcher.states(left.map(({ id }) => id));
    const still: typeof left = [];
    for (const [index, entry] of left.entries()) {
      const state = states[index]!;
      if (!isOver(state)) {
        still.push(entry);
        continue;
      }
      if (state.state === 'cancelled') cancelled += 1;
      await onOver(entry.number, state);
    }
    left = still;
    if (left.length === 0) break;
    const pause = Math.min(lookEveryMs, Math.max(LOOK_EVERY_MS, (performance.now() - begin) / LOOKS));
    await sleep(pause, undefined, signal ? { signal } : {}).catch(() => {});
  }
  return cancelled;
}

export interface LaunchedJobs extends Omit<FollowedJobs, 'ids' | 'numbers'> {
  job(number: number): Job;
  /** Numbers whose work is not done yet. */
  open(): Promise<readonly number[]>;
  /** Told when so many are launched again. */
  onAgain(count: number): void;
}

/**
 * Launches jobs and waits for them; those that were lost or did not do their work are launched again, three times at most.
 * When `signal` is aborted, the jobs are asked to end.
 *
 * @returns the numbers that are open still
 */
export async function launchJobs({ job, open, onAgain, ...followed }: LaunchedJobs): Promise<readonly number[]> {
  const { launcher, signal } = followed;
  let numbers = await open();
  for (let launch = 1; numbers.length > 0 && launch <= LAUNCHES && !signal?.aborted; launch += 1) {
    if (launch > 1) onAgain(numbers.length);
    const ids = await launcher.submit(numbers.map(job));
    await followJobs({ ...followed, ids, numbers });
    if (signal?.aborted) await endJobs(launcher, ids);
    numbers = await open();
  }
  return numbers;
}

/** Asks jobs to end, and waits until they have. */
async function endJobs(launcher: Launcher, ids: readonly JobId[]): Promise<void> {
  await launcher.cancel(ids);
  while (!(await launcher.states(ids)).every(isOver)) await sleep(LOOK_EVERY_MS);
}
