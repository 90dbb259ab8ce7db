import { InputError } from '@onnx-forge/infer';
import type { Job, JobId, JobState, Launcher } from '../launch/launcher.js';
import { withSweepFiles } from './errors.js';
import { SweepFolder, type TrialRecord } from './folder.js';
import { followJobs, launchJobs } from './jobs.js';
import { surveySweep } from './results.js';
import { SAMPLERS } from './samplers/index.js';
import type { SweepSpec } from './spec.js';
import { hasEnded, openText, runTrial, type TrainTrial } from './trial.js';

/** Jobs that are handed to a launcher at a time: a sweep of any length takes little memory. */
const CHUNK = 1_000;

export type SweepEvent =
  | { readonly type: 'begin'; readonly trials: number; readonly ended: number }
  | { readonly type: 'trial'; readonly record: TrialRecord }
  | { readonly type: 'notice'; readonly text: string };

export interface SweepRequest {
  /** The sweep folder. One that is there goes on: trials that have ended are not repeated. */
  readonly out: string;
  readonly spec: SweepSpec;
  /** Try trials again that failed. Later trials of a search that learns keep the settings that they were drawn with. */
  readonly retryFailed?: boolean | undefined;
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
export async function sweep(request: SweepRequest, train: TrainTrial): Promise<SweepSummary> {
  const { spec, signal, onEvent = () => {} } = request;
  const folder = await beginSweep(request);
  const trials = trialCount(spec);
  const open = await openTrials(folder, 0, trials);
  onEvent({ type: 'begin', trials, ended: trials - open.length });
  for (const number of open) {
    if (signal?.aborted || isLate(folder)) break;
    onEvent({ type: 'trial', record: await runTrial(folder, number, train, signal) });
  }
  return summarise(folder, trials);
}

/**
 * Runs all trials through a launcher, batch by batch where the search learns, and waits for them. A job that was lost is
 * launched again; `signal` asks the jobs to end.
 */
export async function launchSweep(request: LaunchedSweepRequest): Promise<SweepSummary> {
  const { spec, launcher, signal, onEvent = () => {} } = request;
  const folder = await beginSweep(request);
  const trials = trialCount(spec);
  onEvent({ type: 'begin', trials, ended: trials - (await openTrials(folder, 0, trials)).length });
  const { learns } = SAMPLERS[spec.search];
  const batch = learns ? Math.min(spec.batch, CHUNK) : CHUNK;
  for (let first = 0; first < trials && !signal?.aborted && !isLate(folder); first += batch) {
    const open = async () => (isLate(folder) ? [] : openTrials(folder, first, Math.min(trials, first + batch)));
    const left = await launchJobs({
      ...{ launcher, signal, open },
      job: (trial) => trialJob(request, trial),
      onOver: tellOfTrial(folder, onEvent),
      onAgain: (count) => onEvent({ type: 'notice', text: `${count} trials did not end: launching them again` }),
    });
    if (learns && left.length > 0 && first + batch < trials && !signal?.aborted) {
      onEvent({ type: 'notice', text: `no further batch is drawn: ${openText(left)} did not end` });
      break;
    }
  }
  return summarise(folder, trials);
}

/** Hands all trials to a launcher whose jobs need no process that waits, each batch after the one before; returns at once. */
export async function submitSweep(request: LaunchedSweepRequest): Promise<readonly JobId[]> {
  const { spec, launcher, onSubmit } = request;
  const folder = await beginSweep(request);
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

function beginSweep({ out, spec, retryFailed }: SweepRequest): Promise<SweepFolder> {
  return withSweepFiles(out, async () => {
    const folder = await SweepFolder.begin(out, spec);
    if (retryFailed) await folder.reopenFailed();
    return folder;
  });
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
  const onOver = tellOfTrial(folder, onEvent);
  const cancelled = await followJobs({ launcher, ids: jobs, numbers, signal, onOver });
  return { ...(await summarise(folder, trials)), cancelled };
}

function trialJob(request: LaunchedSweepRequest, trial: number): Job {
  return { name: `trial-${SweepFolder.trialName(trial)}`, ...request.job(trial) };
}

/** Tells of each trial whose job is over. */
function tellOfTrial(folder: SweepFolder, onEvent: (event: SweepEvent) => void) {
  return async (trial: number, state: JobState): Promise<void> => {
    const record = await folder.record(trial);
    const name = `trial ${SweepFolder.trialName(trial)}`;
    if (record && hasEnded(record)) onEvent({ type: 'trial', record });
    else if (state.state === 'failed') onEvent({ type: 'notice', text: `${name}: ${state.reason}` });
    else if (state.state === 'lost' || state.state === 'cancelled') {
      onEvent({ type: 'notice', text: `${name}: its job was ${state.state}` });
    }
  };
}

/** Whether the sweep's hours are over. */
export function isLate({ began, spec: { hours } }: SweepFolder): boolean {
  return hours !== undefined && Date.now() > began.getTime() + hours * 3_600_000;
}

async function openTrials(folder: SweepFolder, from: number, to: number): Promise<number[]> {
  const open = new Set(Array.from({ length: to - from }, (_, i) => from + i));
  for await (const record of folder.records(from, to)) if (hasEnded(record)) open.delete(record.number);
  return [...open];
}

async function summarise(folder: SweepFolder, trials: number): Promise<SweepSummary> {
  const { finished, stopped, failed } = await surveySweep(folder);
  return { path: folder.path, trials, finished, stopped, failed, open: trials - finished - stopped - failed };
}
