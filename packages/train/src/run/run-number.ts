import type { MetricEntry } from '@onnx-forge/infer';
import type { RunSummary } from './summary.js';

/** A number of a run with what it was measured on. */
export interface RunNumber {
  readonly name: string;
  readonly value: number;
  readonly standardError?: number;
  /** `train`, `validation` or `test`. */
  readonly split: string;
  /** Examples; unknown for numbers of the log. */
  readonly count?: number;
}

/** The number of that name, measured before logged; by default the first that was measured on the test split. */
export function keyMetric(run: RunSummary, name?: string): RunNumber | undefined {
  const all = numbersOf(run).filter((metric) => name === undefined || metric.name === name);
  return all.find(({ split }) => split === 'test') ?? all[0];
}

/** Measured numbers, then the last ones of validation, then the last means of training. */
export function numbersOf({ metrics, last }: RunSummary): RunNumber[] {
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
