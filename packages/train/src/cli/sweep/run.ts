import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Job } from '../../launch/launcher.js';
import { ARRAY_SIZE, SlurmLauncher } from '../../launch/slurm.js';
import { drawSweep } from '../../sweep/figures.js';
import { SweepFolder } from '../../sweep/folder.js';
import { readLaunch, writeLaunch } from '../../sweep/launches.js';
import { SAMPLERS } from '../../sweep/samplers/index.js';
import type { SweepSpec } from '../../sweep/spec.js';
import {
  followSweep,
  isLate,
  launchSweep,
  type SweepSummary,
  submitSweep,
  sweep,
  trialCount,
} from '../../sweep/sweep.js';
import { recipeTrial } from '../../sweep/train-trial.js';
import { runTrial } from '../../sweep/trial.js';
import type { CommandContext, Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { planSweep, readSweepFile } from '../inputs/sweep-file.js';
import { shellWord } from '../output/format.js';
import { dryRun, firstTrials } from './dry-run.js';
import { type LaunchArguments, localLauncher, requireHeeded, slurmLauncher, slurmOptions } from './launching.js';
import { probeTrial } from './probe.js';
import { showStatus } from './results.js';
import { showSweep } from './show.js';

export interface SweepArguments extends LaunchArguments {
  readonly out: string | undefined;
  readonly dryRun: boolean | undefined;
  readonly retryFailed: boolean | undefined;
}

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
  const options = slurmOptions(args, out);
  if (args.print) return printScript(out, spec, job, options);
  const launcher = await slurmLauncher(options);
  const jobs = await submitSweep({ out, spec, retryFailed, launcher, job });
  await writeLaunch(out, { slurm: options, jobs });
  const attachLine = `onnx-forge sweep attach ${shellWord(out)}`;
  if (args.detach) {
    return { text: `${jobs.length} trials submitted; wait for them with: ${attachLine}`, json: { folder: out, jobs } };
  }
  const signal = context.interruptible(`no longer waiting, the jobs go on; wait again with: ${attachLine}`);
  return ended(await followSweep({ folder: await SweepFolder.open(out), launcher, jobs, signal, onEvent }), signal);
}

/** Waits for a sweep whose jobs Slurm runs. */
export async function attach(path: string, context: CommandContext): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const { slurm, jobs } = await readLaunch(path);
  const launcher = await slurmLauncher(slurm);
  const signal = context.interruptible('no longer waiting, the jobs go on');
  const onEvent = showSweep(context.progress, folder.spec.target);
  return ended(await followSweep({ folder, launcher, jobs, signal, onEvent }), signal);
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
  const record = await runTrial(folder, number, recipeTrial(request, folder.spec.target), signal);
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

/** Writes the sweep, its jobs and the scripts that run them, and shows the scripts. */
async function printScript(
  out: string,
  spec: SweepSpec,
  job: ReturnType<typeof trialJob>,
  options: ReturnType<typeof slurmOptions>,
): Promise<Outcome> {
  if (SAMPLERS[spec.search].learns) {
    throw new UsageError(
      `--print: the arrays of a ${spec.search} search depend on each other: submit it without --print`,
    );
  }
  await SweepFolder.begin(out, spec);
  const launcher = new SlurmLauncher(options);
  const numbers = Array.from({ length: trialCount(spec) }, (_, i) => i);
  const jobs = numbers.map((trial) => ({ name: `trial-${SweepFolder.trialName(trial)}`, ...job(trial) }));
  const scripts: string[] = [];
  for (let first = 0; first < jobs.length; first += ARRAY_SIZE) {
    scripts.push(await launcher.write(jobs.slice(first, first + ARRAY_SIZE)));
  }
  const texts = await Promise.all(scripts.map(async (script) => `${await readFile(script, 'utf8')}# sbatch ${script}`));
  return { text: texts.join('\n\n'), json: { scripts } };
}

async function ended(summary: SweepSummary, signal: AbortSignal): Promise<Outcome> {
  signal.throwIfAborted();
  const { text, json } = await showStatus(summary.path);
  const figures = await drawSweep(await SweepFolder.open(summary.path));
  const failure =
    summary.finished === 0
      ? 'no trial has come to its end'
      : summary.open > 0
        ? `${summary.open} trials did not end`
        : undefined;
  const drawn = figures.length > 0 ? `\nfigures      ${figures.length} files in ${join(summary.path, 'figures')}` : '';
  return { text: `${text}${drawn}`, json: { ...json, figures }, failure };
}
