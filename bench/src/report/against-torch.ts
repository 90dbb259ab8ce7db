import { FLOOR, isTorch, PYTORCH } from './engines.js';
import type { RowResult } from './result.js';
import { geometricMean, type Ratio, summarise } from './summary.js';

/** A row beside PyTorch's forms: how many times its time ours is shorter, and what part of ours the arithmetic alone would take. */
export interface AgainstTorch {
  readonly id: string;
  readonly title: string;
  readonly eager: Ratio | undefined;
  /** The form with the best median. */
  readonly best: (Ratio & { readonly engine: string }) | undefined;
  /** Our share of the floor, in the same rounds. */
  readonly floor: Ratio | undefined;
}

/** Rows in which both are measured. */
export function againstTorch(rows: readonly RowResult[]): AgainstTorch[] {
  return rows.flatMap((row) => {
    const forms = row.entries.flatMap((entry) => {
      const summary = isTorch(entry.engine) ? summarise(row, entry) : undefined;
      return summary?.ratio ? [{ ...summary.ratio, engine: entry.engine, median: summary.value }] : [];
    });
    if (forms.length === 0) return [];
    const direction = row.better === 'lower' ? 1 : -1;
    const [first] = forms.toSorted((a, b) => direction * (a.median - b.median));
    const { median: _, ...best } = first!;
    const lowest = row.entries.find(({ engine }) => engine === FLOOR);
    return [
      {
        id: row.id,
        title: row.title,
        eager: forms.find(({ engine }) => engine === PYTORCH),
        best,
        floor: lowest && summarise(row, lowest)?.ratio,
      },
    ];
  });
}

/** Geometric means of the ratios, and the least of them. Undefined where there are none. */
export function overall(
  ratios: readonly (Ratio | undefined)[],
): { readonly rows: number; readonly mean: number; readonly least: number } | undefined {
  const values = ratios.flatMap((ratio) => (ratio ? [ratio.value] : []));
  if (values.length === 0) return undefined;
  return { rows: values.length, mean: geometricMean(values), least: Math.min(...values) };
}
