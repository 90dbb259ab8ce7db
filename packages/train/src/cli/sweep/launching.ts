import { join, resolve } from 'node:path';
import { LocalLauncher } from '../../launch/local.js';
import { SlurmLauncher, type SlurmOptions } from '../../launch/slurm.js';
import { UsageError } from '../errors.js';
import { flagOf } from '../options/settings.js';

/** Options of the command line on where trials run. */
export interface LaunchArguments {
  readonly launcher: 'local' | 'slurm' | undefined;
  readonly processes: number | undefined;
  readonly cpus: number | undefined;
  readonly memory: number | undefined;
  readonly partition: string | undefined;
  readonly time: string | undefined;
  readonly signal: number | undefined;
  readonly arrayLimit: number | undefined;
  readonly sbatchArg: string[] | undefined;
  readonly print: boolean | undefined;
  readonly detach: boolean | undefined;
  /** False: none. */
  readonly probe: boolean | undefined;
}

/** The launchers that know an option. */
const KNOWN_BY: Readonly<Record<Exclude<keyof LaunchArguments, 'launcher'>, readonly string[]>> = {
  processes: ['local'],
  cpus: ['local', 'slurm'],
  memory: ['local', 'slurm'],
  partition: ['slurm'],
  time: ['slurm'],
  signal: ['slurm'],
  arrayLimit: ['slurm'],
  sbatchArg: ['slurm'],
  print: ['slurm'],
  detach: ['slurm'],
  probe: ['slurm'],
};

/** @throws UsageError naming an option that the launcher would not heed */
export function requireHeeded(args: LaunchArguments): void {
  for (const [name, launchers] of Object.entries(KNOWN_BY)) {
    const value = args[name as keyof LaunchArguments];
    if (value === undefined || launchers.includes(args.launcher ?? '')) continue;
    throw new UsageError(`${flagOf(name)} needs --launcher ${launchers.join(' or ')}`, { option: name });
  }
}

export function slurmOptions(args: LaunchArguments, out: string): SlurmOptions {
  const { partition, time, signal: noticeSeconds, arrayLimit, sbatchArg } = args;
  return { folder: jobsFolder(out), partition, time, noticeSeconds, arrayLimit, sbatchArgs: sbatchArg };
}

export function localLauncher({ processes }: LaunchArguments, out: string): LocalLauncher {
  return new LocalLauncher({ folder: jobsFolder(out), processes });
}

/** @throws UsageError when no Slurm can be reached */
export async function slurmLauncher(options: SlurmOptions): Promise<SlurmLauncher> {
  const launcher = new SlurmLauncher(options);
  const refusal = await launcher.refusal();
  if (refusal !== undefined) throw new UsageError(`--launcher slurm: ${refusal}`);
  return launcher;
}

function jobsFolder(out: string): string {
  return join(resolve(out), 'jobs');
}
