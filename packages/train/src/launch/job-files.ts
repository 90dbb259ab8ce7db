import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import { writeAtomically } from '../run/atomic.js';
import type { Job, JobState } from './launcher.js';
import type { JobResult } from './run-job.js';

const resultSchema: z.ZodType<JobResult> = z.object({
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  asked: z.boolean(),
  over: z.string().optional(),
  host: z.string(),
});

/** A program of this package that reads a job's file and runs it. */
const RUNNER = fileURLToPath(new URL('./job-runner.js', import.meta.url));

/** The files of a launcher's jobs: what to run (`NAME.json`), what it printed (`NAME.log`), how it ended (`NAME.result`). */
export class JobFiles {
  constructor(readonly folder: string) {}

  /** Writes what to run; an earlier end is forgotten. */
  async write(job: Job): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await rm(this.result(job.name), { force: true });
    await writeAtomically(this.job(job.name), JSON.stringify(job));
  }

  job(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  log(name: string): string {
    return join(this.folder, `${name}.log`);
  }

  result(name: string): string {
    return join(this.folder, `${name}.result`);
  }

  /** The command line that runs a written job. */
  command(name: string): readonly string[] {
    return [process.execPath, RUNNER, this.job(name), this.result(name)];
  }

  /** Records that a job ended before it began. */
  async writeCancelled(name: string): Promise<void> {
    const result: JobResult = { exitCode: null, signal: null, asked: true, host: hostname() };
    await writeAtomically(this.result(name), JSON.stringify(result));
  }

  /** How a job ended; undefined: it has not, or nobody could write it down. */
  async end(name: string): Promise<JobState | undefined> {
    const text = await readRegularFile(this.result(name)).catch(() => undefined);
    if (text === undefined) return undefined;
    const { exitCode, signal, asked, over } = resultSchema.parse(JSON.parse(text.toString('utf8')));
    if (exitCode === 0 && over === undefined) return { state: 'finished' };
    if (asked) return { state: 'cancelled' };
    const reason = over ?? (signal === null ? `exit code ${exitCode}` : `ended by ${signal}`);
    return { state: 'failed', reason: `${reason}; see ${this.log(name)}` };
  }
}
