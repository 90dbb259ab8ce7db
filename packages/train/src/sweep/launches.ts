import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { z } from 'zod';
import type { JobId } from '../launch/launcher.js';
import type { SlurmOptions } from '../launch/slurm.js';
import { writeAtomically } from '../run/atomic.js';
import { SweepError } from './errors.js';

/** The jobs of a sweep that a queue was given, so that another process can wait for them. */
export interface Launch {
  readonly slurm: SlurmOptions;
  /** Of trials. */
  readonly jobs: readonly JobId[];
  /** The job that writes the table and the figures when all others are over. */
  readonly summary?: JobId | undefined;
}

const launchSchema: z.ZodType<Launch> = z.object({
  slurm: z.object({
    folder: z.string(),
    partition: z.string().optional(),
    time: z.string().optional(),
    noticeSeconds: z.int().optional(),
    arrayLimit: z.int().optional(),
    sbatchArgs: z.array(z.string()).optional(),
  }),
  jobs: z.array(z.string()),
  summary: z.string().optional(),
});

export async function writeLaunch(sweep: string, launch: Launch): Promise<void> {
  await writeAtomically(launchFile(sweep), JSON.stringify(launch));
}

/** @returns undefined when the sweep has no jobs in a queue @throws SweepError (`sweep-invalid`) */
export async function readLaunch(sweep: string): Promise<Launch | undefined> {
  const file = launchFile(sweep);
  try {
    return launchSchema.parse(JSON.parse((await readRegularFile(file)).toString('utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    const message = `${file} does not say which jobs the sweep has; once none is in the queue (squeue), delete it`;
    throw new SweepError('sweep-invalid', message, { path: file }, { cause: error });
  }
}

/** After the last of its jobs. */
export async function removeLaunch(sweep: string): Promise<void> {
  await rm(launchFile(sweep), { force: true });
}

function launchFile(sweep: string): string {
  return join(sweep, 'launch.json');
}
