import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrainError } from '../../errors.js';
import type { Job } from '../../launch/launcher.js';
import { SweepFolder } from '../../sweep/folder.js';
import { isLate, launchSweep, sweep, trialCount } from '../../sweep/sweep.js';
import { recipeTrial } from '../../sweep/train-trial.js';
import { runTrial } from '../../sweep/trial.js';
import type { CommandContext, Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { planSweep, readSweepFile } from '../inputs/sweep-file.js';
import { dryRun, firstTrials } from './dry-run.js';
import { ended } from './ended.js';
import { type LaunchArguments, localLauncher, requireHeeded } from './launching.js';
import { runOnSlurm } from './on-slurm.js';
import { probeTrial } from './probe.js';
import { showSweep } from './show.js';

export interface SweepArguments extends LaunchArguments {
  readonly out: string | undefined;
  readonly dryRun: boolean | undefined;
  readonly retryFailed: boolean | undefined;
}

/** Between two attempts to train in a folder where another process does, ms. */
const LOCKED_MS = 5_000;

/** Runs the sweep of a file, or goes on with it. */
export async function runSweep(file: string, args: SweepArguments, context: CommandContext): Promise<Outcome> {
  requireHeeded(args);
  const { retryFailed } = args;
  const planned = await readSweepFile(file);
  const { spec, request } = planned;
  const out = args.out ?? join('sweeps', request.recipe.name);
  if (args.dryRun) return dryRun(planned);
  if (!existsSync(join(out, 'sweep.json'))) {
    const [first] = firstTrials(spec, 1);
    await probeTrial(request, first!, { target: spec.target, iterations: 0 });
  }
  const onEvent = showSweep(context.progress, spec.target);
  if (args.launcher === undefined) {
    const signal = context.interruptible('stopping after this iteration, with a checkpoint (Ctrl-C again: at once)');
    return ended(await sweep({ out, spec, retryFailed, signal, onEvent }, recipeTrial(request, spec.target)), signal);
  }
  const job = trialJob(out, args);
  if (args.launcher === 'local') {
    const launcher = localLauncher(args, out);
    const signal = context.interruptible('stopping; every trial writes a checkpoint');
    return ended(await launchSweep({ out, spec, retryFailed, launcher, job, signal, onEvent }), signal);
  }
  return runOnSlurm({ out, spec, retryFailed, job, args, onEvent }, context);
}

/** Runs one trial: the work of every job. */
export async function runOneTrial(
  path: string,
  number: number,
  threads: number | undefined,
  context: CommandContext,
): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const trials = trialCount(folder.spec);
  if (!(Number.isSafeInteger(number) && number >= 0 && number < trials)) {
    throw new UsageError(`${path} has the trials 0 to ${trials - 1}, not ${number}`, { trial: number });
  }
  if (isLate(folder)) return { text: `the hours of ${path} are over: no trial begins any more`, json: { late: true } };
  const signal = context.interruptible('stopping after this iteration, with a checkpoint');
  const planned = await planSweep(folder.spec);
  const request = threads === undefined ? planned : { ...planned, threads };
  const record = await unlocked(
    () => runTrial(folder, number, recipeTrial(request, folder.spec.target), signal),
    signal,
  );
  signal.throwIfAborted();
  const failure = record.state === 'failed' ? record.error : undefined;
  return { text: `trial ${number}: ${record.state}`, json: record, failure };
}

/** The job of a trial: this very program, told to run it. */
function trialJob(out: string, { cpus, memory: memoryMb }: SweepArguments) {
  const threads = cpus ?? 1;
  const ownThreads = cpus === undefined ? [] : ['--cpus', `${cpus}`];
  return (trial: number): Pick<Job, 'argv' | 'folder' | 'needs'> => ({
    argv: [process.execPath, process.argv[1]!, 'sweep', 'trial', resolve(out), `${trial}`, ...ownThreads],
    folder: process.cwd(),
    needs: { threads, memoryMb },
  });
}

/**
 * Tries again while another process trains in the run folder. A queue that lost sight of a node starts its tasks elsewhere,
 * while they may still run there; the lock of a node that is gone is free after a minute.
 */
async function unlocked<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let told = false; ; await sleep(LOCKED_MS, undefined, { signal })) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TrainError && error.code === 'run-locked')) throw error;
      if (!told) process.stderr.write(`${error.message}: waiting for it\n`);
      told = true;
    }
  }
}
