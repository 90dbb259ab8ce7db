import { count, oneOf, text, type ValueOption } from './values.js';

/** Heading of the options on where jobs run. */
export const LAUNCHING = 'Where it runs:';

type Grouped<O> = O & { readonly group: string };

/** Options on where the jobs of a command run. */
export interface LaunchOptions {
  readonly launcher: Grouped<ValueOption<'local' | 'slurm'>> & { readonly defaultDescription: string };
  readonly processes: Grouped<ValueOption<number>>;
  readonly cpus: Grouped<ValueOption<number>> & { readonly defaultDescription: string };
  readonly memory: Grouped<ValueOption<number>>;
  readonly partition: Grouped<ValueOption<string>>;
  readonly time: Grouped<ValueOption<string>>;
  readonly signal: Grouped<ValueOption<number>> & { readonly defaultDescription: string };
  readonly 'array-limit': Grouped<ValueOption<number>>;
  readonly 'sbatch-arg': Grouped<{ readonly type: 'string'; readonly array: true; readonly describe: string }>;
}

/**
 * @param job what a job is called: a trial, a shard
 * @param cpus how many threads it has by default, for people
 */
export function launchOptions(job: string, cpus: string): LaunchOptions {
  const group = LAUNCHING;
  return {
    launcher: {
      ...oneOf('--launcher', ['local', 'slurm'], 'As processes of this machine, or as a job array'),
      defaultDescription: 'this process, one after the other',
      group,
    },
    processes: { ...count('--processes', `So many ${job}s at a time (local)`, 1_024), group },
    cpus: { ...count('--cpus', `Threads of a ${job}`, 1_024), defaultDescription: cpus, group },
    memory: { ...count('--memory', `MB that a ${job} may use`), group },
    partition: { ...text('--partition', 'Partition of Slurm'), group },
    time: {
      ...text('--time', 'Time of a task of Slurm, after which it queues again with its checkpoint: 30:00'),
      group,
    },
    signal: {
      ...count('--signal', 'Seconds before --time is over at which a task is asked for its checkpoint', 86_400),
      defaultDescription: '120',
      group,
    },
    'array-limit': { ...count('--array-limit', 'Tasks of Slurm at a time'), group },
    'sbatch-arg': { type: 'string', array: true, describe: 'Another argument for sbatch', group },
  };
}
