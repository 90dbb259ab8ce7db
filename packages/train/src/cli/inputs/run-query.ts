import { keyMetric, numbersOf } from '../../run/run-number.js';
import type { RunSummary } from '../../run/summary.js';
import { suggestionAndList } from '../../suggest.js';
import { UsageError } from '../errors.js';

/** Facts of a run that lists can be sorted and filtered by, beside its options and measured numbers. */
const FACTS = {
  run: ({ name }: RunSummary) => name,
  recipe: ({ recipe }: RunSummary) => recipe,
  data: ({ data }: RunSummary) => data,
  state: ({ state }: RunSummary) => state,
  epochs: ({ epochs }: RunSummary) => epochs,
  steps: ({ steps }: RunSummary) => steps,
  seed: ({ seed }: RunSummary) => seed,
  engine: ({ engine }: RunSummary) => engine,
  device: ({ device }: RunSummary) => device,
  when: ({ when }: RunSummary) => when,
} as const;

/** A fact, an option, or the value of a metric; undefined where the run has none. */
export function factOf(run: RunSummary, key: string): unknown {
  if (Object.hasOwn(FACTS, key)) return FACTS[key as keyof typeof FACTS](run);
  if (Object.hasOwn(run.options, key)) return run.options[key];
  return keyMetric(run, key)?.value;
}

/** @throws UsageError when no run has anything of this name */
export function requireKnown(runs: readonly RunSummary[], key: string): void {
  if (runs.length === 0 || Object.hasOwn(FACTS, key) || runs.some((run) => factOf(run, key) !== undefined)) return;
  const others = runs.flatMap((run) => [...Object.keys(run.options), ...numbersOf(run).map(({ name }) => name)]);
  const known = [...new Set([...Object.keys(FACTS), ...others])];
  throw new UsageError(`no run has '${key}'${suggestionAndList(key, known, 'known: ')}`, { key, known });
}

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export interface Condition {
  readonly key: string;
  readonly operator: Operator;
  readonly value: string;
}

/** `recipe=vae`, `latentDim>=20`, `state!=finished`. @throws UsageError */
export function parseCondition(text: string): Condition {
  const parts = /^\s*([^=!<>\s]+)\s*(!=|<=|>=|=|<|>)\s*(.+?)\s*$/.exec(text);
  if (parts !== null) return { key: parts[1]!, operator: parts[2] as Operator, value: parts[3]! };
  throw new UsageError(
    `--where takes NAME=VALUE, or !=, <, <=, >, >= in place of =, such as recipe=vae, not '${text}'`,
  );
}

/** Whether a run fits; one that has nothing of the name fits only `!=`. Numbers are compared as numbers. */
export function fits(run: RunSummary, { key, operator, value: wanted }: Condition): boolean {
  const found = factOf(run, key);
  if (found === undefined) return operator === '!=';
  const order = compareValues(
    found,
    typeof found === 'number' && Number.isFinite(Number(wanted)) ? Number(wanted) : wanted,
  );
  switch (operator) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    default:
      return order >= 0;
  }
}

/** Order of two values: numbers by size, all else as texts; what is not there comes last. */
export function compareValues(one: unknown, other: unknown): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [a, b] = [`${one}`, `${other}`];
  return a < b ? -1 : Number(a > b);
}
