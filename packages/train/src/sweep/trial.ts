import { Random } from '@onnx-forge/infer';
import type { Fold } from '../data/sources/split.js';
import { TrainError } from '../errors.js';
import type { OptionValues } from '../options/option.js';
import { SweepError, withSweepFiles } from './errors.js';
import { SweepFolder, type TrialRecord } from './folder.js';
import { SAMPLERS } from './samplers/index.js';
import type { PastTrial } from './samplers/sampler.js';
import { repetitionsOf, type SweepSpec } from './spec.js';
import { stopperOf } from './stoppers/index.js';

/** One training of a trial. */
export interface TrialTraining {
  readonly settings: OptionValues;
  readonly seed: number;
  /** The fold whose examples are the test split, and how many there are. */
  readonly fold?: Fold | undefined;
  /** The run folder; a training that is there already goes on, a finished one is not repeated. */
  readonly out: string;
  readonly signal?: AbortSignal | undefined;
  /** The epoch after which an earlier process decided to stop here: a training that is there already does not go on past it. */
  readonly stoppedAt?: number | undefined;
  /**
   * Called with the target's value after each epoch.
   *
   * @returns whether to stop here
   */
  onEpoch(epoch: number, value: number): boolean;
}

/** How a trial's training ended: the target's value, on the validation split. */
export interface TrialResult {
  /** Whether it came to its end, instead of being stopped on the way. */
  readonly finished: boolean;
  readonly value: number;
  readonly seconds: number;
}

/** Trains the settings of a trial once. */
export type TrainTrial = (training: TrialTraining) => Promise<TrialResult>;

/** Whether nothing will change a trial's record any more. */
export function hasEnded(record: TrialRecord | undefined): boolean {
  return record !== undefined && record.state !== 'open';
}

/** `trial 0003`, `trials 0003, 0007 and 12 others`. */
export function openText(numbers: readonly number[]): string {
  const names = numbers.slice(0, 3).map(SweepFolder.trialName).join(', ');
  const others = numbers.length > 3 ? ` and ${numbers.length - 3} others` : '';
  return `${numbers.length === 1 ? 'trial' : 'trials'} ${names}${others}`;
}

/**
 * The settings of a trial: a function of the sweep's spec, the number and, for a search that learns, the records of all
 * batches before the trial's own. It is the same in whatever order and place trials run.
 *
 * @throws SweepError (`sweep-open`) when the search learns and a trial of an earlier batch has not ended: without its result
 * the settings would be others
 */
export async function trialSettings(folder: SweepFolder, number: number): Promise<OptionValues> {
  const { spec } = folder;
  const sampler = SAMPLERS[spec.search];
  const known = sampler.learns ? number - (number % spec.batch) : 0;
  const ended = new Map<number, TrialRecord>();
  for await (const record of folder.records(0, known)) if (hasEnded(record)) ended.set(record.number, record);
  const open = Array.from({ length: known }, (_, n) => n).filter((n) => !ended.has(n));
  if (open.length > 0) {
    const message = `trial ${SweepFolder.trialName(number)} of a ${spec.search} search is drawn from the results of ${openText(open)}, not ended yet: run the sweep again, which begins with these`;
    throw new SweepError('sweep-open', message, { trial: number, open });
  }
  const past = [...ended.values()].map((record) => pastTrial(record, lossSign(spec.goal)));
  const random = new Random(spec.seed).fork(`trial ${number}`);
  return sampler.settings({ space: spec.space, number, past, random });
}

/** +1 where lower targets are better, -1 where higher ones are. */
export function lossSign(goal: SweepSpec['goal']): 1 | -1 {
  return goal === 'maximise' ? -1 : 1;
}

function pastTrial({ number, settings, state, values, epochs }: TrialRecord, sign: 1 | -1): PastTrial {
  const loss = state === 'failed' || values.length === 0 ? undefined : sign * mean(values);
  return { number, settings, loss, ...(state === 'stopped' && { stoppedAt: epochs }) };
}

/** The value of a trial: the mean over its seeds and folds; undefined when it failed or has not ended. */
export function trialValue({ state, values }: TrialRecord): number | undefined {
  return state === 'finished' && values.length > 0 ? mean(values) : undefined;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Runs one trial: draws its settings unless they are recorded, trains each seed on each fold, records how it ended. A trial that has ended
 * is left alone, one that was interrupted goes on. With a stopping rule the first training may end the trial.
 *
 * @returns the record; `open` after `signal` was aborted
 */
export function runTrial(
  folder: SweepFolder,
  number: number,
  train: TrainTrial,
  signal?: AbortSignal,
): Promise<TrialRecord> {
  return withSweepFiles(folder.path, () => runTrainings(folder, number, train, signal));
}

async function runTrainings(
  folder: SweepFolder,
  number: number,
  train: TrainTrial,
  signal?: AbortSignal,
): Promise<TrialRecord> {
  const { spec } = folder;
  const there = await folder.record(number);
  if (there && there.state !== 'open') return there;
  const drawn: TrialRecord = there ?? {
    ...{ number, settings: await trialSettings(folder, number) },
    ...{ state: 'open', values: [] },
  };
  await folder.writeRecord(drawn);
  const stopper = stopperOf(spec.stopping);
  const sign = lossSign(spec.goal);
  const values: number[] = [];
  let seconds = 0;
  const decided = there && stopper ? await folder.stoppedAt(number) : undefined;
  let stoppedAt = decided;
  try {
    for (const [index, { seed, fold }] of repetitionsOf(spec).entries()) {
      const onEpoch = (epoch: number, value: number): boolean => {
        if (index > 0 || !stopper?.asksAt(epoch)) return false;
        if (epoch === decided) return true;
        const report = { trial: number, resource: epoch, loss: sign * value };
        folder.report(report);
        const stops = stopper.stops(report, folder.reports(epoch));
        if (stops) {
          folder.stop(report);
          stoppedAt = epoch;
        }
        return stops;
      };
      const out = folder.runFolder(number, seed, fold);
      const result = await train({
        ...{ settings: drawn.settings, seed, out, signal, onEpoch },
        ...(fold !== undefined && { fold: { index: fold, of: spec.folds! } }),
        ...(index === 0 && decided !== undefined && { stoppedAt: decided }),
      });
      if (signal?.aborted) return drawn;
      values.push(result.value);
      seconds += result.seconds;
      if (result.finished) stoppedAt = undefined;
      else break;
    }
  } catch (error) {
    if (signal?.aborted) return drawn;
    // Not the settings' fault: the trial stays open.
    if (isLocked(error) || isOfMachine(error, folder.path)) throw error;
    const failed: TrialRecord = { ...drawn, state: 'failed', values, seconds, error: (error as Error).message };
    await folder.writeRecord(failed);
    return failed;
  }
  const ended: TrialRecord = {
    ...{ ...drawn, values, seconds },
    ...(stoppedAt === undefined ? { state: 'finished' } : { state: 'stopped', epochs: stoppedAt }),
  };
  await folder.writeRecord(ended);
  return ended;
}

function isLocked(error: unknown): boolean {
  return error instanceof TrainError && ['run-locked', 'run-unwritable'].includes(error.code);
}

/** Codes of the system that say nothing about what was asked for. */
const OF_MACHINE: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EPERM',
  'EROFS',
  'ESTALE',
  'ETIMEDOUT',
]);

/** Whether a full disk, say, or a file of the sweep's own folder is behind an error. */
function isOfMachine(error: unknown, folder: string): boolean {
  if (!(error instanceof Error)) return false;
  const { code, path } = error as NodeJS.ErrnoException;
  return OF_MACHINE.has(code) || path?.startsWith(folder) === true || isOfMachine(error.cause, folder);
}
