import type { Entry, RowResult } from './result.js';

/** An entry in one line of numbers. */
export interface Summary {
  /** Median of the rounds. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  /** How many times better the row's first entry is. Undefined for the first entry itself. */
  readonly ratio?: Ratio | undefined;
}

/** Of numbers that were measured one after the other, in the same round: what slows the machine slows both. Above 1 the first wins. */
export interface Ratio {
  /** Median over the rounds that both have. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** @throws TypeError for no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @throws TypeError for no values, or one that is not above 0 */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0 || !values.every((value) => value > 0)) throw new TypeError('it is of positive numbers');
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The smallest value that at least this fraction of the values does not exceed. @throws TypeError for no values */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  if (found === undefined) throw new TypeError('there is no percentile of nothing');
  return found;
}

/** Undefined when the entry has no number. */
export function summarise(row: RowResult, entry: Entry): Summary | undefined {
  if (entry.outcome.status !== 'measured') return undefined;
  const { rounds } = entry.outcome;
  const value = median(rounds);
  const ratio = entry === row.entries[0] ? undefined : advantage(row, rounds);
  return { value, low: Math.min(...rounds), high: Math.max(...rounds), rounds: rounds.length, ratio };
}

/** How many times better than `rounds` those of the row's first entry are, round by round. */
function advantage({ better, entries }: RowResult, rounds: readonly number[]): Ratio | undefined {
  const ours = entries[0]?.outcome;
  if (ours?.status !== 'measured') return undefined;
  const pairs = rounds.slice(0, ours.rounds.length).map((value, round) => {
    const reference = ours.rounds[round]!;
    return better === 'lower' ? value / reference : reference / value;
  });
  return { value: median(pairs), low: Math.min(...pairs), high: Math.max(...pairs) };
}
