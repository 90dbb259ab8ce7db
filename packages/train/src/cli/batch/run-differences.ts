import { wayOf } from '../../run/run-number.js';
import type { RunSummary } from '../../run/summary.js';

/** A setting of several runs, undefined where a run has none. */
export interface SettingDifference {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** A number that was measured in one way: only such values can be compared. */
export interface MetricComparison {
  readonly name: string;
  readonly split: string;
  readonly dataSet?: string;
  /** Monte-Carlo samples per example. */
  readonly draws?: number;
  readonly examples?: number;
  /** Of each run; undefined where it was not measured in this way. */
  readonly values: readonly (number | undefined)[];
  readonly standardErrors: readonly (number | undefined)[];
}

export interface RunDifferences {
  /** Those that differ. */
  readonly settings: readonly SettingDifference[];
  readonly metrics: readonly MetricComparison[];
  /** How many settings are the same. */
  readonly same: number;
}

/** In what runs differ, and what was measured on them. */
export function differences(runs: readonly RunSummary[]): RunDifferences {
  const facts = runs.map(({ recipe, data, state, seed, engine, device, steps, epochs, options }) => {
    const { epochs: planned, ...others } = options;
    return { recipe, data, state, seed, engine, device, steps, epochs, 'epochs planned': planned, ...others };
  });
  const all = namesOf(facts).map((name) => ({
    name,
    values: facts.map((one) => (one as Readonly<Record<string, unknown>>)[name]),
  }));
  const settings = all.filter(({ values }) => values.some((value) => value !== values[0]));
  return { settings, metrics: measured(runs), same: all.length - settings.length };
}

function namesOf(objects: readonly object[]): string[] {
  return [...new Set(objects.flatMap((one) => Object.keys(one)))];
}

function measured(runs: readonly RunSummary[]): MetricComparison[] {
  const entries = runs.map(({ metrics }) => metrics.map((entry) => ({ way: wayOf(entry), entry })));
  const ways = new Map(entries.flat().map(({ way, entry }) => [way, entry] as const));
  return [...ways].map(([way, { name, split = '?', dataSet, draws, samples }]) => {
    const found = entries.map((own) => own.find((one) => one.way === way)?.entry);
    return {
      ...{ name, split },
      ...(dataSet !== undefined && { dataSet }),
      ...(typeof draws === 'number' && { draws }),
      ...(samples !== undefined && { examples: samples }),
      values: found.map((entry) => entry?.value),
      standardErrors: found.map((entry) =>
        typeof entry?.standardError === 'number' ? entry.standardError : undefined,
      ),
    };
  });
}
