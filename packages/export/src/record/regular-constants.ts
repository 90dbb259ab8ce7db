/** Rules for constants of which a dimension is free: numbers at equal distances, and matrices made around their diagonal. */
import { constantData, type DType, type Value } from '../graph/value.js';
import type { Formula } from './size-fit.js';

export type RegularForm =
  /** start, start + step, ... */
  | { readonly kind: 'counting'; readonly start: Formula; readonly step: number; readonly size: Formula }
  /** `size` numbers at equal distances from `start` to `end`; of one number it is `start`. */
  | { readonly kind: 'spaced'; readonly start: number; readonly end: number; readonly size: Formula }
  /** A matrix of three numbers: identity matrices, causal masks. */
  | {
      readonly kind: 'diagonal';
      readonly below: number;
      readonly on: number;
      readonly above: number;
      readonly shape: readonly Formula[];
    };

type Fit = (numbers: readonly number[]) => Formula | undefined;

/** tfjs adds up the distances in float32. */
const CLOSE = 1e-5;

export function regularForm(values: readonly Value[], fit: Fit): RegularForm | undefined {
  const { rank, size, dtype } = values[0]!;
  if (size < 2 || !values.every((value) => value.rank === rank && value.size > 0)) return undefined;
  const rows = values.map((value) => Array.from(constantData(value)!, Number));
  if (rank === 2) return diagonal(values, rows, fit);
  if (rank !== 1 || dtype === 'bool') return undefined;
  return counting(rows, fit) ?? spaced(rows, dtype, fit);
}

function counting(rows: readonly (readonly number[])[], fit: Fit): RegularForm | undefined {
  const step = rows[0]![1]! - rows[0]![0]!;
  const counts = (row: readonly number[]): boolean => row.every((v, i) => v === row[0]! + i * step);
  if (!Number.isInteger(rows[0]![0]) || !Number.isInteger(step) || step === 0 || !rows.every(counts)) return undefined;
  const [start, size] = [fit(rows.map((row) => row[0]!)), fit(rows.map((row) => row.length))];
  return start && size && { kind: 'counting', start, step, size };
}

function spaced(rows: readonly (readonly number[])[], dtype: DType, fit: Fit): RegularForm | undefined {
  const [start, end] = [rows[0]![0]!, rows[0]!.at(-1)!];
  const margin = CLOSE * Math.max(Math.abs(start), Math.abs(end));
  const isSpaced = (row: readonly number[]): boolean => {
    const distance = (end - start) / Math.max(1, row.length - 1);
    return row.every((v, i) => Math.abs(v - (start + i * distance)) <= margin);
  };
  if (dtype !== 'float32' || !Number.isFinite(margin) || !rows.every(isSpaced)) return undefined;
  const size = fit(rows.map((row) => row.length));
  return size && { kind: 'spaced', start, end, size };
}

function diagonal(values: readonly Value[], rows: readonly (readonly number[])[], fit: Fit): RegularForm | undefined {
  const [[height, width], entries] = [values[0]!.shape as [number, number], rows[0]!];
  if (height < 2 || width < 2) return undefined;
  const [on, above, below] = [entries[0]!, entries[1]!, entries[width]!];
  const isDiagonal = (row: readonly number[], columns: number): boolean =>
    row.every((v, k) => {
      const [i, j] = [Math.floor(k / columns), k % columns];
      return Object.is(v, i === j ? on : i < j ? above : below);
    });
  if (!values.every(({ shape }, t) => isDiagonal(rows[t]!, shape[1]!))) return undefined;
  const shape = [0, 1].map((axis) => fit(values.map((value) => value.shape[axis]!)));
  return shape.every((size) => size !== undefined) ? { kind: 'diagonal', below, on, above, shape } : undefined;
}
