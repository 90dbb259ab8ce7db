import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from '../../launch/errors.js';
import { isOver, type Job, type JobId } from '../../launch/launcher.js';
import { ARRAY_SIZE, SlurmLauncher, type SlurmOptions } from '../../launch/slurm.js';
import { SweepError } from '../../sweep/errors.js';
import { SweepFolder } from '../../sweep/folder.js';
import { type Launch, readLaunch, removeLaunch, writeLaunch } from '../../sweep/launches.js';
import { SAMPLERS } from '../../sweep/samplers/index.js';
import type { SweepSpec } from '../../sweep/spec.js';
import { followSweep, isLate, type SweepEvent, submitSweep, trialCount } from '../../sweep/sweep.js';
import type { CommandContext, Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { shellWord } from '../output/format.js';
import { ended } from './ended.js';
import { type LaunchArguments, slurmLauncher, slurmOptions } from './launching.js';
import { showSweep } from './show.js';

/** After so many submissions in which no trial ended none is submitted any more. */
const IDLE_SUBMISSIONS = 2;
/** Between two looks at jobs that were cancelled, ms. */
const CANCEL_LOOK_MS = 1_000;

export interface SlurmSweep {
  readonly out: string;
  readonly spec: SweepSpec;
  /** Failed trials are tried again, too. */
  readonly retryFailed: boolean | undefined;
  readonly args: LaunchArguments;
  /** The job of a trial. */
  job(trial: number): Pick<Job, 'argv' | 'folder' | 'needs'>;
  readonly onEvent: (event: SweepEvent) => void;
}

/**
 * Submits the trials of a sweep that have not ended, and waits for them; jobs of it that are in the queue already are waited
 * for first.
 */
export async function runOnSlurm(sweep: SlurmSweep, context: CommandContext): Promise<Outcome> {
  const { out, spec, args, onEvent } = sweep;
  const options = slurmOptions(args, out);
  if (args.print) return printScripts(sweep, options);
  const launcher = await slurmLauncher(options);
  const attach = `wait for them with: onnx-forge sweep attach ${shellWord(out)}`;
  const signal = context.interruptible(`no longer waiting, the jobs go on; ${attach}`);
  const folder = await SweepFolder.begin(out, spec);
  if (sweep.retryFailed) await folder.reopenFailed();
  let left = trialCount(spec) - (await countEnded(folder));
  for (let idle = 0, tried = args.probe === false; ; ) {
    let jobs = await jobsInQueue(out, launcher);
    if (jobs.length > 0) {
      onEvent({ type: 'notice', text: `${jobs.length} jobs of this sweep are in the queue already` });
    } else {
      if (!tried && left > 0) await probe(launcher, signal, onEvent);
      tried = true;
      jobs = await submit(sweep, launcher, options);
    }
    if (args.detach) return { text: `${jobs.length} trials are in the queue; ${attach}`, json: { folder: out, jobs } };
    const { cancelled, ...summary } = await followSweep({ folder, launcher, jobs, signal, onEvent });
    signal.throwIfAborted();
    await removeLaunch(out);
    idle = summary.open < left ? 0 : idle + 1;
    left = summary.open;
    if (left === 0 || cancelled > 0 || idle >= IDLE_SUBMISSIONS || isLate(folder)) return ended(summary, signal);
    onEvent({ type: 'notice', text: `${summary.open} trials have not ended: submitting them` });
  }
}

/** Waits for a sweep whose jobs Slurm runs. */
export async function attach(path: string, context: CommandContext): Promise<Outcome> {
  const folder = await SweepFolder.open(path);
  const { slurm, jobs } = await launchOf(path);
  const launcher = await slurmLauncher(slurm);
  const signal = context.interruptible('no longer waiting, the jobs go on');
  const onEvent = showSweep(context.progress, folder.spec.target);
  const summary = await followSweep({ folder, launcher, jobs, signal, onEvent });
  signal.throwIfAborted();
  await removeLaunch(path);
  return ended(summary, signal);
}

/** Ends the jobs of a sweep; running ones write a checkpoint first. */
export async function cancel(path: string, context: CommandContext): Promise<Outcome> {
  await SweepFolder.open(path);
  const { slurm, jobs, summary } = await launchOf(path);
  const launcher = await slurmLauncher(slurm);
  const all = summary === undefined ? jobs : [summary, ...jobs];
  const before = await launcher.states(all);
  const open = all.filter((_, index) => !isOver(before[index]!));
  await launcher.cancel(open);
  context.progress.line(`${open.length} jobs are asked to end; those that run write a checkpoint`);
  const signal = context.interruptible('no longer waiting, the jobs end');
  while (!(await launcher.states(open)).every(isOver)) await sleep(CANCEL_LOOK_MS, undefined, { signal });
  await removeLaunch(path);
  const text = `${open.length} jobs ended; the command that began the sweep goes on with it`;
  return { text, json: { folder: path, cancelled: open.length } };
}

async function launchOf(path: string): Promise<Launch> {
  const launch = await readLaunch(path);
  if (launch !== undefined) return launch;
  const message = `${path} has no jobs in a queue that this command knows; sweep status shows where it stands`;
  throw new SweepError('sweep-missing', message, { path });
}

/** Jobs of an earlier command that are not over. */
async function jobsInQueue(out: string, launcher: SlurmLauncher): Promise<readonly JobId[]> {
  const { jobs } = (await readLaunch(out)) ?? { jobs: [] };
  const states = await launcher.states(jobs);
  return jobs.filter((_, index) => !isOver(states[index]!));
}

async function countEnded(folder: SweepFolder): Promise<number> {
  let ended = 0;
  for await (const { state } of folder.records()) if (state !== 'open') ended += 1;
  return ended;
}

async function probe(launcher: SlurmLauncher, signal: AbortSignal, onEvent: SlurmSweep['onEvent']): Promise<void> {
  const onWait = (reason: string): void => {
    const text = `a task that tries whether nodes share the folder waits in the queue (${reason}); --no-probe does without`;
    onEvent({ type: 'notice', text });
  };
  await launcher.probe({ paths: [process.cwd(), process.argv[1]!], signal, onWait });
}

/**
 * Submits all trials that have not ended, and the job that sums up when they have. Where Slurm takes no more than so many
 * (`MaxJobCount`), those are waited for first.
 */
async function submit(
  { out, spec, job, onEvent }: SlurmSweep,
  launcher: SlurmLauncher,
  slurm: SlurmOptions,
): Promise<readonly JobId[]> {
  let jobs: readonly JobId[] = [];
  const onSubmit = (all: readonly JobId[]) => {
    jobs = all;
    return writeLaunch(out, { slurm, jobs });
  };
  try {
    await submitSweep({ out, spec, launcher, job, onSubmit });
    const [summary] = jobs.length > 0 ? await launcher.submit([summaryJob(out)], jobs) : [];
    await writeLaunch(out, { slurm, jobs, summary });
  } catch (error) {
    if (!(error instanceof LaunchError) || jobs.length === 0) throw error;
    onEvent({
      type: 'notice',
      text: `${error.message}; it has ${jobs.length} trials, and the others follow when these have ended`,
    });
  }
  return jobs;
}

function summaryJob(out: string): Job {
  return {
    name: 'summary',
    argv: [process.execPath, process.argv[1]!, 'sweep', 'summary', resolve(out)],
    folder: process.cwd(),
    needs: { threads: 1 },
  };
}

/** Writes the sweep, its jobs and the scripts that run them, and shows the scripts. */
async function printScripts({ out, spec, job }: SlurmSweep, options: SlurmOptions): Promise<Outcome> {
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
  const summary = await launcher.write([summaryJob(out)]);
  const texts = await Promise.all([...scripts, summary].map((script) => readFile(script, 'utf8')));
  const submits = scripts.map((script, index) => `a${index}=$(sbatch --parsable ${shellWord(script)})`);
  const after = scripts.map((_, index) => `:$a${index}`).join('');
  submits.push(`sbatch --dependency=afterany${after} ${shellWord(summary)}`);
  const text = [...texts, ['# To submit them:', ...submits].join('\n')].join('\n');
  return { text, json: { scripts: [...scripts, summary], submit: submits } };
}
