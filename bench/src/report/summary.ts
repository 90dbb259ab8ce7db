import type { Entry, RowResult } from './result.js';

/** An entry in one line of numbers. */
export interface Summary {
  /** Median of the rounds. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
  /** How many times better the row's first entry is: above 1 it wins. Undefined for the first entry itself. */
  readonly ratio?: number | undefined;
}

/** @throws TypeError for no values */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new TypeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Undefined when the entry has no number. */
export function summarise(row: RowResult, entry: Entry): Summary | undefined {
  if (entry.outcome.status !== 'measured') return undefined;
  const { rounds } = entry.outcome;
  const value = median(rounds);
  const ratio = entry === row.entries[0] ? undefined : advantage(row, value);
  return { value, low: Math.min(...rounds), high: Math.max(...rounds), rounds: rounds.length, ratio };
}

/** How many times better than `value` the row's first entry is. */
function advantage({ better, entries }: RowResult, value: number): number | undefined {
  const ours = entries[0]?.outcome;
  if (ours?.status !== 'measured') return undefined;
  const reference = median(ours.rounds);
  return better === 'lower' ? value / reference : reference / value;
}
