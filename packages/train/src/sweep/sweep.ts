import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '@onnx-forge/infer';
import { isOver, type Job, type JobId, type Launcher } from '../launch/launcher.js';
import { SweepFolder, type TrialRecord } from './folder.js';
import { writeResults } from './results.js';
import { SAMPLERS } from './samplers/index.js';
import type { SweepSpec } from './spec.js';
import { runTrial, type TrainTrial } from './trial.js';

/** Jobs that are handed to a launcher at a time: a sweep of any length takes little memory. */
const CHUNK = 1_000;
/** Between two looks at the jobs of a launcher, ms; also the shortest time where the launcher asks for longer ones. */
const LOOK_EVERY_MS = 500;
/** Such longer pauses are one part in so many of the wait so far: short sweeps are told of at once. */
const LOOKS = 20;
/** How often a trial is launched whose job was lost or ended without a word. */
const LAUNCHES = 3;

export type SweepEvent =
  | { readonly type: 'begin'; readonly trials: number; readonly ended: number }
  | { readonly type: 'trial'; readonly record: TrialRecord }
  | { readonly type: 'notice'; readonly text: string };

export interface SweepRequest {
  /** The sweep folder. One that is there goes on: trials that have ended are not repeated. */
  readonly out: string;
  readonly spec: SweepSpec;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SweepEvent) => void) | undefined;
}

export interface LaunchedSweepRequest extends SweepRequest {
  readonly launcher: Launcher;
  /** The command line that runs one trial, and what it needs. */
  job(trial: number): Pick<Job, 'argv' | 'folder' | 'needs'>;
  /** Of {@link submitSweep}: called with all jobs so far after each submission, so that none is forgotten if a later one fails. */
  readonly onSubmit?: ((jobs: readonly JobId[]) => Promise<void>) | undefined;
}

export interface SweepSummary {
  readonly path: string;
  readonly trials: number;
  readonly finished: number;
  readonly stopped: number;
  readonly failed: number;
  /** Not ended: the sweep was interrupted, or its hours were over. */
  readonly open: number;
}

/** Trials of a sweep in all. */
export function trialCount({ search, space, trials }: SweepSpec): number {
  const size = SAMPLERS[search].size?.(space) ?? Number.POSITIVE_INFINITY;
  const count = Math.min(size, trials ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(count)) throw new InputError(`a ${search} search needs a number of trials`, { search });
  return count;
}

/** Runs all trials in this process, one after the other. */
export async function sweep(
  { out, spec, signal, onEvent = () => {} }: SweepRequest,
  train: TrainTrial,
): Promise<SweepSummary> {
  const folder = await SweepFolder.begin(out, spec);
  const trials = trialCount(spec);
  onEvent({ type: 'begin', trials, ended: await countEnded(folder) });
  for (let number = 0; number < trials && !signal?.aborted && !isLate(folder); number += 1) {
    if (hasEnded(await folder.record(number))) continue;
    onEvent({ type: 'trial', record: await runTrial(folder, number, train, signal) });
  }
  return summarise(folder, trials);
}

/**
 * Runs all trials through a launcher, batch by batch where the search learns, and waits for them. A job that was lost is
 * launched again; `signal` asks the jobs to end.
 */
export async function launchSweep(request: LaunchedSweepRequest): Promise<SweepSummary> {
  const { out, spec, launcher, signal, onEvent = () => {} } = request;
  const folder = await SweepFolder.begin(out, spec);
  const trials = trialCount(spec);
  onEvent({ type: 'begin', trials, ended: await countEnded(folder) });
  const batch = SAMPLERS[spec.search].learns ? Math.min(spec.batch, CHUNK) : CHUNK;
  for (let first = 0; first < trials && !signal?.aborted && !isLate(folder); first += batch) {
    let open = await openTrials(folder, first, Math.min(trials, first + batch));
    for (let launch = 1; open.length > 0 && launch <= LAUNCHES && !signal?.aborted; launch += 1) {
      if (launch > 1) onEvent({ type: 'notice', text: `${open.length} trials did not end: launching them again` });
      const ids = await launcher.submit(open.map((trial) => trialJob(request, trial)));
      await followJobs({ folder, launcher, ids, trials: open, signal, onEvent });
      if (signal?.aborted) await endJobs(launcher, ids);
      open = await openTrials(folder, first, Math.min(trials, first + batch));
    }
  }
  return summarise(folder, trials);
}

/** Hands all trials to a launcher whose jobs need no process that waits, each batch after the one before; returns at once. */
export async function submitSweep(request: LaunchedSweepRequest): Promise<readonly JobId[]> {
  const { out, spec, launcher, onSubmit } = request;
  const folder = await SweepFolder.begin(out, spec);
  const trials = trialCount(spec);
  const { learns } = SAMPLERS[spec.search];
  const batch = learns ? spec.batch : CHUNK;
  const all: JobId[] = [];
  let before: readonly JobId[] = [];
  for (let first = 0; first < trials; first += batch) {
    const open = await openTrials(folder, first, Math.min(trials, first + batch));
    if (open.length === 0) continue;
    const ids = await launcher.submit(
      open.map((trial) => trialJob(request, trial)),
      learns ? before : [],
    );
    all.push(...ids);
    await onSubmit?.([...all]);
    before = ids;
  }
  return all;
}

export interface FollowedSweep {
  readonly folder: SweepFolder;
  readonly launcher: Launcher;
  /** Of {@link submitSweep}. */
  readonly jobs: readonly JobId[];
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: SweepEvent) => void) | undefined;
}

export interface FollowedSummary extends SweepSummary {
  /** Jobs that somebody ended. */
  readonly cancelled: number;
}

/** Waits for the jobs of a sweep, also in another process than the one that submitted them. */
export async function followSweep({
  folder,
  launcher,
  jobs,
  signal,
  onEvent = () => {},
}: FollowedSweep): Promise<FollowedSummary> {
  const trials = trialCount(folder.spec);
  onEvent({ type: 'begin', trials, ended: trials - jobs.length });
  const numbers = jobs.map((id) => Number(/(\d+)$/.exec(id)![1]));
  const cancelled = await followJobs({ folder, launcher, ids: jobs, trials: numbers, signal, onEvent });
  return { ...(await summarise(folder, trials)), cancelled };
}

function trialJob(request: LaunchedSweepRequest, trial: number): Job {
  return { name: `trial-${SweepFolder.trialName(trial)}`, ...request.job(trial) };
}

/** Waits until jobs are over, and tells of each trial as it ends. @returns the number of those that were cancelled */
async function followJobs({
  folder,
  launcher,
  ids,
  trials,
  signal,
  onEvent,
}: {
  folder: SweepFolder;
  launcher: Launcher;
  ids: readonly JobId[];
  trials: readonly number[];
  signal: AbortSignal | undefined;
  onEvent: (event: SweepEvent) => void;
}): Promise<number> {
  let cancelled = 0;
  let left = ids.map((id, index) => ({ id, trial: trials[index]! }));
  const begin = performance.now();
  const { lookEveryMs = LOOK_EVERY_MS } = launcher;
  while (left.length > 0 && !signal?.aborted) {
    const states = await launcher.states(left.map(({ id }) => id));
    const still: typeof left = [];
    for (const [index, entry] of left.entries()) {
      const state = states[index]!;
      if (!isOver(state)) {
        still.push(entry);
        continue;
      }
      if (state.state === 'cancelled') cancelled += 1;
      const record = await folder.record(entry.trial);
      if (record && hasEnded(record)) onEvent({ type: 'trial', record });
      else if (state.state === 'failed') {
        onEvent({ type: 'notice', text: `trial ${SweepFolder.trialName(entry.trial)}: ${state.reason}` });
      } else if (state.state === 'lost' || state.state === 'cancelled') {
        onEvent({ type: 'notice', text: `trial ${SweepFolder.trialName(entry.trial)}: its job was ${state.state}` });
      }
    }
    left = still;
    if (left.length === 0) break;
    const pause = Math.min(lookEveryMs, Math.max(LOOK_EVERY_MS, (performance.now() - begin) / LOOKS));
    await sleep(pause, undefined, signal ? { signal } : {}).catch(() => {});
  }
  return cancelled;
}

/** Asks jobs to end, and waits until they have. */
async function endJobs(launcher: Launcher, ids: readonly JobId[]): Promise<void> {
  await launcher.cancel(ids);
  while (!(await launcher.states(ids)).every(isOver)) await sleep(LOOK_EVERY_MS);
}

/** Whether the sweep's hours are over. */
export function isLate({ began, spec: { hours } }: SweepFolder): boolean {
  return hours !== undefined && Date.now() > began.getTime() + hours * 3_600_000;
}

function hasEnded(record: TrialRecord | undefined): boolean {
  return record !== undefined && record.state !== 'open';
}

async function openTrials(folder: SweepFolder, from: number, to: number): Promise<number[]> {
  const open = new Set(Array.from({ length: to - from }, (_, i) => from + i));
  for await (const record of folder.records(from, to)) if (hasEnded(record)) open.delete(record.number);
  return [...open];
}

async function countEnded(folder: SweepFolder): Promise<number> {
  let ended = 0;
  for await (const record of folder.records()) if (hasEnded(record)) ended += 1;
  return ended;
}

async function summarise(folder: SweepFolder, trials: number): Promise<SweepSummary> {
  const counts = { finished: 0, stopped: 0, failed: 0 };
  for await (const { state } of folder.records()) if (state !== 'open') counts[state] += 1;
  await writeResults(folder);
  const open = trials - counts.finished - counts.stopped - counts.failed;
  return { path: folder.path, trials, ...counts, open };
}
