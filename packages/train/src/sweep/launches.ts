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
  readonly jobs: readonly JobId[];
}

const launchSchema: z.ZodType<Launch> = z.object({
  slurm: z.object({
    folder: z.string(),
    partition: z.string().optional(),
    time: z.string().optional(),
    arrayLimit: z.int().optional(),
    sbatchArgs: z.array(z.string()).optional(),
  }),
  jobs: z.array(z.string()),
});

export async function writeLaunch(sweep: string, launch: Launch): Promise<void> {
  await writeAtomically(launchFile(sweep), JSON.stringify(launch));
}

/** @throws SweepError (`sweep-missing`) when nothing was launched that one could wait for */
export async function readLaunch(sweep: string): Promise<Launch> {
  try {
    return launchSchema.parse(JSON.parse((await readRegularFile(launchFile(sweep))).toString('utf8')));
  } catch (error) {
    const message = `${sweep} has no jobs of a queue that one could wait for`;
    throw new SweepError('sweep-missing', message, { path: sweep }, { cause: error });
  }
}

function launchFile(sweep: string): string {
  return join(sweep, 'launch.json');
}
