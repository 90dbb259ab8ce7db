import { stringify } from 'csv-stringify/sync';
import { writeAtomically } from '../run/atomic.js';
import { SweepError, withSweepFiles } from './errors.js';
import type { SweepFolder, TrialRecord } from './folder.js';
import { repetitionsOf, type SweepSpec } from './spec.js';
import { lossSign, trialValue } from './trial.js';

/** The chosen trial, and among how many it was chosen. */
export interface BestTrial {
  readonly record: TrialRecord;
  /** Mean over the seeds and folds. */
  readonly value: number;
  /** Standard error of the mean; undefined with one training. */
  readonly standardError: number | undefined;
  /** Trials that were drawn, whatever became of them. */
  readonly among: number;
}

/**
 * The trial with the best target on the validation split; of equals the first.
 *
 * @throws SweepError (`sweep-unfinished`) when none has a value
 */
export async function bestTrial(folder: SweepFolder): Promise<BestTrial> {
  const choice = new Choice(folder.spec.goal);
  for await (const record of folder.records()) choice.add(record);
  if (choice.best !== undefined) return choice.best;
  const message = `no trial of ${folder.path} has a value yet: ${choice.among} were drawn; onnx-forge sweep status ${folder.path} shows why`;
  throw new SweepError('sweep-unfinished', message, { path: folder.path, drawn: choice.among });
}

/** Standard deviation (n - 1) over the square root of n; undefined for fewer than two values. */
export function standardError(values: readonly number[]): number | undefined {
  const n = values.length;
  if (n < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n);
}

/** Where a sweep stands. */
export interface SweepSurvey {
  readonly finished: number;
  readonly stopped: number;
  readonly failed: number;
  /** Drawn, not ended. */
  readonly open: number;
  /** Of training, all trials together. */
  readonly seconds: number;
  /** Undefined when none has a value yet. */
  readonly best: BestTrial | undefined;
}

/**
 * Reads all trials once, and writes `results.csv`: a line for each trial, in their order (RFC 4180).
 *
 * @param onTrial called with each record
 */
export function surveySweep(
  folder: SweepFolder,
  onTrial: (record: TrialRecord) => void = () => {},
): Promise<SweepSurvey> {
  return withSweepFiles(folder.path, () => survey(folder, onTrial));
}

async function survey(folder: SweepFolder, onTrial: (record: TrialRecord) => void): Promise<SweepSurvey> {
  const { space, target } = folder.spec;
  const repetitions = repetitionsOf(folder.spec);
  const names = Object.keys(space);
  const ofEach = repetitions.length > 1 ? repetitions.map(({ name }) => `${target} ${name}`) : [];
  const head = ['trial', 'state', target, 'standard error', ...ofEach, 'epochs', 'seconds', ...names, 'error'];
  const lines = [stringify([head])];
  const counts = { finished: 0, stopped: 0, failed: 0, open: 0 };
  const choice = new Choice(folder.spec.goal);
  let total = 0;
  for await (const record of folder.records()) {
    const { number, state, values, epochs, seconds, settings, error } = record;
    counts[state] += 1;
    total += seconds ?? 0;
    choice.add(record);
    onTrial(record);
    const fields = [
      ...[number, state, trialValue(record), standardError(values)],
      ...ofEach.map((_, i) => values[i]),
      ...[epochs, seconds, ...names.map((name) => settings[name]), error],
    ];
    lines.push(stringify([fields.map((value) => `${value ?? ''}`)]));
  }
  await writeAtomically(folder.resultsFile, lines.join(''));
  return { ...counts, seconds: total, best: choice.best };
}

/** Writes `results.csv`. */
export async function writeResults(folder: SweepFolder): Promise<void> {
  await surveySweep(folder);
}

/** The best of the trials that were added; of equals the first. */
class Choice {
  readonly #sign: 1 | -1;
  #found: { readonly record: TrialRecord; readonly value: number } | undefined;
  among = 0;

  constructor(goal: SweepSpec['goal']) {
    this.#sign = lossSign(goal);
  }

  add(record: TrialRecord): void {
    this.among += 1;
    const value = trialValue(record);
    const found = this.#found;
    if (value !== undefined && (found === undefined || this.#sign * value < this.#sign * found.value)) {
      this.#found = { record, value };
    }
  }

  get best(): BestTrial | undefined {
    const found = this.#found;
    return found && { ...found, standardError: standardError(found.record.values), among: this.among };
  }
}
