import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeAtomically } from '../run/atomic.js';
import { JobFiles } from './job-files.js';
import type { Job, JobId, JobState, Launcher } from './launcher.js';

export interface SlurmOptions {
  /** For the jobs' files; on a file system that all nodes share. */
  readonly folder: string;
  readonly partition?: string | undefined;
  /** Time that a task gets before it is asked to write a checkpoint and queues again, in Slurm's form: `30:00`. */
  readonly time?: string | undefined;
  /** Tasks of an array that run at a time. */
  readonly arrayLimit?: number | undefined;
  /** Further arguments of sbatch. */
  readonly sbatchArgs?: readonly string[] | undefined;
}

/** Tasks of an array; Slurm's own default limit (MaxArraySize) is 1001. */
export const ARRAY_SIZE = 1_000;
/** Before the end of its time a task is asked to end, seconds. Slurm looks every minute or so. */
const NOTICE_SECONDS = 120;

const run = promisify(execFile);

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

  async refusal(): Promise<string | undefined> {
    try {
      await run('sinfo', ['--noheader']);
      return undefined;
    } catch (error) {
      const { code, stderr } = error as { code?: string; stderr?: string };
      const reason = code === 'ENOENT' ? 'sinfo is not installed' : (stderr ?? `${error}`).trim().split('\n')[0];
      return `no Slurm can be reached from here: ${reason}`;
    }
  }

  /** @returns `ARRAY_TASK/NAME` */
  async submit(jobs: readonly Job[], after: readonly JobId[] = []): Promise<readonly JobId[]> {
    const ids: JobId[] = [];
    for (let first = 0; first < jobs.length; first += ARRAY_SIZE) {
      const some = jobs.slice(first, first + ARRAY_SIZE);
      const script = await this.write(some, after);
      const { stdout } = await run('sbatch', ['--parsable', script]);
      const array = stdout.trim().split(';')[0]!;
      ids.push(...some.map(({ name }, task) => `${array}_${task}/${name}`));
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
    const script = join(folder, `${jobs[0]!.name}-${jobs.at(-1)!.name}.sbatch`);
    await writeAtomically(script, this.script(jobs, after));
    return script;
  }

  /** The script: readable, as some sites want to see what they run. */
  script(jobs: readonly Job[], after: readonly JobId[] = []): string {
    const { folder, partition, time, arrayLimit, sbatchArgs = [] } = this.options;
    const { threads, memoryMb } = jobs[0]!.needs;
    const directives = [
      ...['--job-name=onnx-forge', `--chdir=${jobs[0]!.folder}`],
      `--array=0-${jobs.length - 1}${arrayLimit === undefined ? '' : `%${arrayLimit}`}`,
      ...[`--cpus-per-task=${threads}`, '--requeue', '--open-mode=append', `--output=${folder}/%A_%a.log`],
      ...(memoryMb === undefined ? [] : [`--mem=${memoryMb}M`]),
      ...(partition === undefined ? [] : [`--partition=${partition}`]),
      // B: to the script itself, which has become the job's runner.
      ...(time === undefined ? [] : [`--time=${time}`, `--signal=B:USR1@${NOTICE_SECONDS}`]),
      ...(after.length === 0 ? [] : [`--dependency=afterany:${[...new Set(after.map(arrayOf))].join(':')}`]),
      ...sbatchArgs,
    ];
    const [node, runner] = this.#files.command('').map(quoted);
    const names = jobs.map(({ name }) => name).join(' ');
    return [
      '#!/bin/bash',
      ...directives.map((directive) => `#SBATCH ${directive}`),
      `names=(${names})`,
      `name=\${names[$SLURM_ARRAY_TASK_ID]}`,
      `export OMP_NUM_THREADS=${threads}`,
      `exec ${node} ${runner} ${quoted(folder)}/"$name.json" ${quoted(folder)}/"$name.result" >>${quoted(folder)}/"$name.log" 2>&1`,
      '',
    ].join('\n');
  }

  async states(ids: readonly JobId[]): Promise<readonly JobState[]> {
    const queue = await this.#queue(ids);
    return Promise.all(
      ids.map(async (id): Promise<JobState> => {
        const known = queue.get(taskOf(id));
        if (known === 'waiting' || known === 'running') return { state: known };
        return (await this.#files.end(nameOf(id))) ?? { state: known ?? 'lost' };
      }),
    );
  }

  async cancel(ids: readonly JobId[]): Promise<void> {
    const states = await this.states(ids);
    for (const [index, id] of ids.entries()) {
      const { state } = states[index]!;
      if (state === 'running') await run('scancel', ['--signal=TERM', '--batch', taskOf(id)]);
      if (state === 'waiting') {
        await run('scancel', [taskOf(id)]);
        await this.#files.writeCancelled(nameOf(id));
      }
    }
  }

  /** State of each task that Slurm still knows. */
  async #queue(ids: readonly JobId[]): Promise<ReadonlyMap<string, 'waiting' | 'running' | 'cancelled'>> {
    const arrays = [...new Set(ids.map(arrayOf))];
    const states = new Map<string, 'waiting' | 'running' | 'cancelled'>();
    if (arrays.length === 0) return states;
    // squeue fails for an array that it has forgotten, and shows none then.
    const all = ['--noheader', '--array', '--states=all', `--user=${process.getuid?.() ?? ''}`, '--format=%i %T'];
    const { stdout } = await run('squeue', all, { maxBuffer: 2 ** 26 });
    for (const line of stdout.split('\n')) {
      const [task, state] = line.trim().split(' ');
      if (task === undefined || state === undefined) continue;
      if (['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'SUSPENDED'].includes(state))
        states.set(task, 'waiting');
      if (['RUNNING', 'COMPLETING'].includes(state)) states.set(task, 'running');
      if (state === 'CANCELLED') states.set(task, 'cancelled');
    }
    return states;
  }
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

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
