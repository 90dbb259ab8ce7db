import type { MetricEntry } from '@onnx-forge/infer';
import { onMostExamples, type RunNumber } from '@onnx-forge/viz/runs';
import type { RunSummary } from './summary.js';

/** Measured numbers, then the last ones of validation, then the last means of training. */
export function numbersOf({ metrics, last }: Pick<RunSummary, 'metrics' | 'last'>): RunNumber[] {
  const logged = (['validation', 'train'] as const).flatMap((split) =>
    Object.entries(last[split]?.metrics ?? {}).map(([name, value]) => ({ name, value, split })),
  );
  return [...metrics.map(measured), ...logged];
}

function measured({ name, value, split = '?', samples, standardError }: MetricEntry): RunNumber {
  return {
    ...{ name, value, split },
    ...(samples !== undefined && { count: samples }),
    ...(typeof standardError === 'number' && { standardError }),
  };
}

/** How a number was measured, equal for numbers that can be compared; `draws` are Monte-Carlo samples, `samples` the examples. */
export function wayOf({ name, split, dataSet, draws, samples, judge }: MetricEntry): string {
  return JSON.stringify([name, split, dataSet, draws, samples, judge]);
}

/** Of entries that differ in their examples alone those on the most: a run's numbers, where no count was asked for. */
export function fullest(entries: readonly MetricEntry[]): MetricEntry[] {
  const alike = (entry: MetricEntry) => wayOf({ ...entry, samples: undefined });
  const ways = entries.map((entry) => ({ way: alike(entry), entry }));
  return entries.filter((entry) => {
    const same = ways.filter(({ way }) => way === alike(entry)).map((one) => one.entry);
    return entry === onMostExamples(same, ({ samples }) => samples);
  });
}
