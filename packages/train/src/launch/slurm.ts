import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAtomically } from '../run/atomic.js';
import { LaunchError } from './errors.js';
import { JobFiles } from './job-files.js';
import type { Job, JobId, JobState, Launcher } from './launcher.js';
import { shellQuoted } from './shell-quoted.js';
import { SlurmFailure, slurm } from './slurm-command.js';
import { type Probe, probe } from './slurm-probe.js';
import { slurmSeconds } from './slurm-time.js';

export interface SlurmOptions {
  /** For the jobs' files; on a file system that all nodes share. */
  readonly folder: string;
  readonly partition?: string | undefined;
  /** Time that a task gets at once, in Slurm's form: `30:00`. Before it is over, the task is asked to end, and queues again. */
  readonly time?: string | undefined;
  /** Seconds before the end of `time` at which a task is asked. Default 120. */
  readonly noticeSeconds?: number | undefined;
  /** Tasks of an array that run at a time. */
  readonly arrayLimit?: number | undefined;
  /** Further arguments of sbatch. */
  readonly sbatchArgs?: readonly string[] | undefined;
}

/** Tasks of an array; Slurm's own default limit (MaxArraySize) is 1001. */
export const ARRAY_SIZE = 1_000;
const NOTICE_SECONDS = 120;
/** Slurm may ask a task so much earlier than it should (sbatch(1), `--signal`), seconds. */
const EARLY_SECONDS = 60;
/** A queue that does not answer is asked again for so long, ms. */
const PATIENCE_MS = 300_000;
/** Between two such questions, ms. */
const RETRY_MS = 5_000;
/** Tasks that one call of scancel ends. */
const CANCELLED_AT_ONCE = 200;

type QueueState = 'waiting' | 'running' | 'cancelled' | 'ended';

/** A task that Slurm knows. */
interface QueuedTask {
  readonly state: QueueState;
  /** Slurm's word: `NODE_FAIL`. */
  readonly word: string;
  readonly node: string;
}

const QUEUE_STATES: Readonly<Record<string, QueueState>> = {
  ...{ PENDING: 'waiting', CONFIGURING: 'waiting', REQUEUED: 'waiting', REQUEUE_HOLD: 'waiting' },
  ...{ REQUEUE_FED: 'waiting', SPECIAL_EXIT: 'waiting', SUSPENDED: 'waiting', STOPPED: 'waiting' },
  ...{ RUNNING: 'running', COMPLETING: 'running', SIGNALING: 'running', STAGE_OUT: 'running', CANCELLED: 'cancelled' },
};

/**
 * Runs jobs as tasks of Slurm's job arrays. A task that reaches the end of its time, or whose node is lost, queues again by
 * itself; no accounting database is needed, and no process waits: each task writes down how it ended.
 */
export class SlurmLauncher implements Launcher {
  readonly name = 'slurm';
  readonly #files: JobFiles;

  constructor(readonly options: SlurmOptions) {
    this.#files = new JobFiles(options.folder);
  }

  /** A queue of thousands must not be asked twice a second. */
  readonly lookEveryMs = 15_000;

  async refusal(): Promise<string | undefined> {
    const { partition, time, noticeSeconds = NOTICE_SECONDS } = this.options;
    const seconds = time === undefined ? Number.POSITIVE_INFINITY : slurmSeconds(time);
    if (seconds === undefined)
      return `the time '${time}' is none of Slurm's: MINUTES, HOURS:MINUTES:SECONDS, DAYS-HOURS ...`;
    if (seconds < 2 * (noticeSeconds + EARLY_SECONDS)) {
      const least = Math.ceil((2 * (noticeSeconds + EARLY_SECONDS)) / 60);
      return (
        `a time of ${time} is too short: a task is asked to end ${noticeSeconds} s before it is over, and Slurm may do so ` +
        `${EARLY_SECONDS} s earlier; give at least ${least}:00, or a shorter notice`
      );
    }
    try {
      const partitions = new Set((await slurm('sinfo', ['--noheader', '--format=%R'])).split('\n').filter(Boolean));
      if (partition === undefined || partition.split(',').every((one) => partitions.has(one))) return undefined;
      return `there is no partition '${partition}'; there are: ${[...partitions].join(', ')}`;
    } catch (error) {
      if (error instanceof SlurmFailure) return `no Slurm can be reached from here: ${error.message}`;
      throw error;
    }
  }

  /**
   * Has a task try whether a node shares the folder of the jobs' files, and other paths that jobs need, with this machine.
   *
   * @throws LaunchError (`launch-unshared`, `launch-refused`)
   */
  async probe({ paths, signal, onWait }: Pick<Probe, 'paths' | 'signal' | 'onWait'>): Promise<void> {
    const { folder, partition, sbatchArgs = [] } = this.options;
    const args = [...(partition === undefined ? [] : [`--partition=${partition}`]), ...sbatchArgs];
    const needed = [...paths, ...this.#files.command('').slice(0, 2)];
    await taken(probe({ folder, paths: needed, args, signal, onWait }));
  }

  /**
   * @returns `ARRAY_TASK/NAME`
   * @throws LaunchError (`launch-refused`): then none of the jobs is in the queue
   */
  async submit(jobs: readonly Job[], after: readonly JobId[] = []): Promise<readonly JobId[]> {
    const ids: JobId[] = [];
    for (let first = 0; first < jobs.length; first += ARRAY_SIZE) {
      const some = jobs.slice(first, first + ARRAY_SIZE);
      const script = await this.write(some, after);
      try {
        const array = (await taken(slurm('sbatch', ['--parsable', script]))).trim().split(';')[0]!;
        ids.push(...some.map(({ name }, task) => `${array}_${task}/${name}`));
      } catch (error) {
        if (ids.length > 0) await slurm('scancel', [...new Set(ids.map(arrayOf))]);
        throw error;
      }
    }
    return ids;
  }

  /**
   * Writes the jobs' files and a script for sbatch that runs them as one array.
   *
   * @returns the script's path
   */
  async write(jobs: readonly Job[], after: readonly JobId[] = []): Promise<string> {
    const { folder } = this.options;
    await mkdir(folder, { recursive: true });
    const requeue = ['sh', '-c', 'scontrol requeue "$SLURM_ARRAY_JOB_ID"_"$SLURM_ARRAY_TASK_ID"'];
    for (const job of jobs) await this.#files.write({ ...job, requeue });
    const ends = new Set([jobs[0]!.name, jobs.at(-1)!.name]);
    const script = join(folder, `${[...ends].join('-')}.sbatch`);
    await writeAtomically(script, this.script(jobs, after));
    return script;
  }

  /** The script: readable, as some sites want to see what they run. */
  script(jobs: readonly Job[], after: readonly JobId[] = []): string {
    const { folder, partition, time, noticeSeconds = NOTICE_SECONDS, arrayLimit, sbatchArgs = [] } = this.options;
    const { threads, memoryMb } = jobs[0]!.needs;
    const directives = [
      ...['--job-name=onnx-forge', `--chdir=${jobs[0]!.folder}`],
      `--array=0-${jobs.length - 1}${arrayLimit === undefined ? '' : `%${arrayLimit}`}`,
      ...[`--cpus-per-task=${threads}`, '--requeue', '--open-mode=append', `--output=${folder}/%A_%a.log`],
      ...(memoryMb === undefined ? [] : [`--mem=${memoryMb}M`]),
      ...(partition === undefined ? [] : [`--partition=${partition}`]),
      // B: to the script itself, which has become the job's runner.
      // Without a time of its own the partition's counts.
      ...[...(time === undefined ? [] : [`--time=${time}`]), `--signal=B:USR1@${noticeSeconds}`],
      ...(after.length === 0 ? [] : [`--dependency=afterany:${[...new Set(after.map(arrayOf))].join(':')}`]),
      ...sbatchArgs,
    ];
    const [node, runner] = this.#files.command('').map(shellQuoted);
    const names = jobs.map(({ name }) => name).join(' ');
    const files = shellQuoted(folder);
    return [
      '#!/bin/bash',
      ...directives.map((directive) => `#SBATCH ${directive}`),
      `names=(${names})`,
      `name=\${names[$SLURM_ARRAY_TASK_ID]}`,
      `export OMP_NUM_THREADS=${threads}`,
      `exec ${node} ${runner} ${files}/"$name.json" ${files}/"$name.result" >>${files}/"$name.log" 2>&1`,
      '',
    ].join('\n');
  }

  /** @throws LaunchError (`launch-unreachable`) when Slurm has not answered for five minutes */
  async states(ids: readonly JobId[]): Promise<readonly JobState[]> {
    const queue = ids.length === 0 ? new Map<string, QueuedTask>() : await this.#queue();
    return Promise.all(
      ids.map(async (id): Promise<JobState> => {
        const task = queue.get(taskOf(id));
        if (task?.state === 'waiting' || task?.state === 'running') return { state: task.state };
        const end = await this.#files.end(nameOf(id));
        // Slurm asks a task to end also when its node's or partition's time is over.
        const asked = end?.state === 'cancelled' && task?.state === 'ended' && task.word !== 'FAILED';
        if (end !== undefined && !asked) return end;
        if (task === undefined) return { state: 'lost' };
        if (task.state === 'cancelled') return { state: 'cancelled' };
        const reason = `Slurm ended it (${task.word} on ${task.node || 'no node'}) before it could say why`;
        return {
          state: 'failed',
          reason: `${reason}; see ${this.#files.log(nameOf(id))}, and whether that node sees it`,
        };
      }),
    );
  }

  async cancel(ids: readonly JobId[]): Promise<void> {
    const states = await this.states(ids);
    const those = (state: JobState['state']) => ids.filter((_, index) => states[index]!.state === state);
    const waiting = those('waiting');
    for (const some of chunks(waiting.map(taskOf))) await slurm('scancel', some);
    for (const id of waiting) await this.#files.writeCancelled(nameOf(id));
    // The task's runner asks the job to end, and writes down that it was asked.
    for (const some of chunks(those('running').map(taskOf)))
      await slurm('scancel', ['--signal=TERM', '--batch', ...some]);
  }

  /** Each task of this user that Slurm still knows. */
  async #queue(): Promise<ReadonlyMap<string, QueuedTask>> {
    // squeue fails for an array that it has forgotten, and shows none then: so all of them.
    const all = ['--noheader', '--array', '--states=all', `--user=${process.getuid?.() ?? ''}`, '--format=%i|%T|%N'];
    const tasks = new Map<string, QueuedTask>();
    for (const line of (await answered('squeue', all)).split('\n')) {
      const [task, word, node = ''] = line.trim().split('|');
      if (task === undefined || word === undefined) continue;
      tasks.set(task, { state: QUEUE_STATES[word] ?? 'ended', word, node });
    }
    return tasks;
  }
}

/** @throws LaunchError (`launch-refused`) in place of a failure of Slurm */
async function taken<T>(submission: Promise<T>): Promise<T> {
  try {
    return await submission;
  } catch (error) {
    if (!(error instanceof SlurmFailure)) throw error;
    throw new LaunchError('launch-refused', `Slurm does not take the jobs: ${error.message}`, {}, { cause: error });
  }
}

/** Output of a program of Slurm, which is asked again while it fails: a controller that is started anew takes a while. */
async function answered(program: string, args: readonly string[]): Promise<string> {
  for (const begin = performance.now(); ; await sleep(RETRY_MS)) {
    try {
      return await slurm(program, args);
    } catch (error) {
      const failure = error as SlurmFailure;
      if (!failure.absent && performance.now() - begin < PATIENCE_MS) continue;
      const message = `Slurm does not answer: ${failure.message}; jobs that it has go on`;
      throw new LaunchError('launch-unreachable', message, {}, { cause: failure });
    }
  }
}

function* chunks<T>(list: readonly T[]): Generator<readonly T[]> {
  for (let first = 0; first < list.length; first += CANCELLED_AT_ONCE)
    yield list.slice(first, first + CANCELLED_AT_ONCE);
}

/** `12_3` of `12_3/NAME`. */
function taskOf(id: JobId): string {
  return id.split('/')[0]!;
}

function arrayOf(id: JobId): string {
  return id.split('_')[0]!;
}

function nameOf(id: JobId): string {
  return id.slice(id.indexOf('/') + 1);
}
