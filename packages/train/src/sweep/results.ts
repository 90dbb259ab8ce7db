import { stringify } from 'csv-stringify/sync';
import { writeAtomically } from '../run/atomic.js';
import { SweepError } from './errors.js';
import type { SweepFolder, TrialRecord } from './folder.js';
import { lossSign, trialValue } from './trial.js';

/** The chosen trial, and among how many it was chosen. */
export interface BestTrial {
  readonly record: TrialRecord;
  /** Mean over the seeds. */
  readonly value: number;
  /** Standard error of the mean; undefined with one seed. */
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
  const sign = lossSign(folder.spec.goal);
  let best: { record: TrialRecord; value: number } | undefined;
  let among = 0;
  for await (const record of folder.records()) {
    among += 1;
    const value = trialValue(record);
    if (value !== undefined && (best === undefined || sign * value < sign * best.value)) best = { record, value };
  }
  if (best === undefined) {
    const message = `no trial of ${folder.path} has a value yet: ${among} were drawn; onnx-forge sweep status ${folder.path} shows why`;
    throw new SweepError('sweep-unfinished', message, { path: folder.path, drawn: among });
  }
  return { ...best, standardError: standardError(best.record.values), among };
}

/** Standard deviation (n - 1) over the square root of n; undefined for fewer than two values. */
export function standardError(values: readonly number[]): number | undefined {
  const n = values.length;
  if (n < 2) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n);
}

/** Writes `results.csv`: a line for each trial, in their order (RFC 4180). */
export async function writeResults(folder: SweepFolder): Promise<void> {
  const { space, target, seeds } = folder.spec;
  const names = Object.keys(space);
  const ofSeeds = seeds.length > 1 ? seeds.map((seed) => `${target} seed ${seed}`) : [];
  const lines = [['trial', 'state', target, 'standard error', ...ofSeeds, 'epochs', 'seconds', ...names, 'error']];
  for await (const record of folder.records()) {
    const { number, state, values, epochs, seconds, settings, error } = record;
    const fields = [
      ...[number, state, trialValue(record), standardError(values)],
      ...(ofSeeds.length > 0 ? seeds.map((_, i) => values[i]) : []),
      ...[epochs, seconds, ...names.map((name) => settings[name]), error],
    ];
    lines.push(fields.map((value) => `${value ?? ''}`));
  }
  await writeAtomically(folder.resultsFile, stringify(lines));
}
