import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { isAlive } from '@onnx-forge/infer/node-files';
import { writeAtomically } from '../run/atomic.js';
import { JobFiles } from './job-files.js';
import { isOver, type Job, type JobId, type JobState, type Launcher } from './launcher.js';

export interface LocalOptions {
  /** For the jobs' files. */
  readonly folder: string;
  /** Jobs at a time; default: one for every two cores. */
  readonly processes?: number | undefined;
}

interface WaitingJob {
  readonly job: Job;
  readonly after: readonly JobId[];
}

/** Runs jobs as processes of this machine, some at a time. Those that wait are forgotten with the launching process. */
export class LocalLauncher implements Launcher {
  readonly name = 'local';
  readonly #files: JobFiles;
  readonly #processes: number;
  readonly #waiting: WaitingJob[] = [];
  readonly #running = new Map<JobId, ChildProcess>();
  #starting: Promise<void> = Promise.resolve();

  constructor({ folder, processes = Math.max(1, availableParallelism() >> 1) }: LocalOptions) {
    this.#files = new JobFiles(folder);
    this.#processes = processes;
  }

  async refusal(): Promise<string | undefined> {
    return undefined;
  }

  async submit(jobs: readonly Job[], after: readonly JobId[] = []): Promise<readonly JobId[]> {
    for (const job of jobs) {
      const { state } = await this.#state(job.name);
      if (state === 'waiting' || state === 'running') continue;
      await this.#files.write(job);
      this.#waiting.push({ job, after });
    }
    await this.#startSome();
    return jobs.map(({ name }) => name);
  }

  states(ids: readonly JobId[]): Promise<readonly JobState[]> {
    return Promise.all(ids.map((id) => this.#state(id)));
  }

  async cancel(ids: readonly JobId[]): Promise<void> {
    for (const id of ids) {
      const index = this.#waiting.findIndex(({ job }) => job.name === id);
      if (index >= 0) {
        this.#waiting.splice(index, 1);
        await this.#files.writeCancelled(id);
      } else {
        const pid = await this.#pid(id);
        if (pid !== undefined) process.kill(pid, 'SIGTERM');
      }
    }
    await this.#startSome();
  }

  async #state(id: JobId): Promise<JobState> {
    if (this.#waiting.some(({ job }) => job.name === id)) return { state: 'waiting' };
    if ((await this.#pid(id)) !== undefined) return { state: 'running' };
    return (await this.#files.end(id)) ?? { state: 'lost' };
  }

  /** The process of a job, started by this launcher or by one before it; undefined: none runs. */
  async #pid(id: JobId): Promise<number | undefined> {
    const child = this.#running.get(id);
    if (child) return child.pid;
    const pid = Number(await readFile(this.#pidFile(id), 'utf8').catch(() => Number.NaN));
    return Number.isSafeInteger(pid) && isAlive(pid) && (await this.#runsJob(pid, id)) ? pid : undefined;
  }

  /** Ids of processes are used again: where the system shows command lines, the job's file must stand in it. */
  async #runsJob(pid: number, id: JobId): Promise<boolean> {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
    return words === undefined || words.split('\0').includes(this.#files.job(id));
  }

  #pidFile(id: JobId): string {
    return `${this.#files.log(id)}.pid`;
  }

  /** Starts what may start; one call at a time. */
  #startSome(): Promise<void> {
    this.#starting = this.#starting.then(async () => {
      for (const entry of [...this.#waiting]) {
        if (this.#running.size >= this.#processes) return;
        if (!(await this.states(entry.after)).every(isOver)) continue;
        const index = this.#waiting.indexOf(entry);
        if (index < 0) continue;
        await this.#start(entry.job);
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
      }
    });
    return this.#starting;
  }

  async #start({ name, folder, needs }: Job): Promise<void> {
    const [program, ...args] = this.#files.command(name);
    const log = await open(this.#files.log(name), 'a');
    const env = { ...process.env, OMP_NUM_THREADS: `${needs.threads}` };
    const child = spawn(program!, args, { cwd: folder, env, stdio: ['ignore', log.fd, log.fd] });
    this.#running.set(name, child);
    child.once('exit', () => {
      this.#running.delete(name);
      void rm(this.#pidFile(name), { force: true }).then(() => this.#startSome());
    });
    await writeAtomically(this.#pidFile(name), `${child.pid}`);
    await log.close();
  }
}
