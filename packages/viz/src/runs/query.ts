import { keyNumber, type ListedRun } from './listed-run.js';

/** Facts of a run that lists can be sorted and filtered by, beside its options and numbers. */
const FACTS = {
  run: ({ name }: ListedRun) => name,
  recipe: ({ recipe }: ListedRun) => recipe,
  data: ({ data }: ListedRun) => data,
  state: ({ state }: ListedRun) => state,
  kind: ({ kind }: ListedRun) => kind,
  epochs: ({ epochs }: ListedRun) => epochs,
  steps: ({ steps }: ListedRun) => steps,
  seed: ({ seed }: ListedRun) => seed,
  engine: ({ engine }: ListedRun) => engine,
  device: ({ device }: ListedRun) => device,
  when: ({ when }: ListedRun) => when,
} as const;

/** A fact, an option, or the value of a number; undefined where the run has none. */
export function factOf(run: ListedRun, key: string): unknown {
  if (Object.hasOwn(FACTS, key)) return FACTS[key as keyof typeof FACTS](run);
  if (Object.hasOwn(run.options, key)) return run.options[key];
  return keyNumber(run, key)?.value;
}

/** All that can be asked of the runs, by name: facts, and the options and numbers that some of them have. */
export function namesOf(runs: readonly ListedRun[]): string[] {
  const own = runs.flatMap(({ options, numbers }) => [...Object.keys(options), ...numbers.map(({ name }) => name)]);
  return [...new Set([...Object.keys(FACTS), ...own])];
}

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';

export interface Condition {
  readonly key: string;
  readonly operator: Operator;
  readonly value: string;
}

/** `recipe=vae`, `latentDim>=20`, `state != finished`. @returns undefined of any other text */
export function parseCondition(text: string): Condition | undefined {
  const parts = /^\s*([^=!<>\s]+)\s*(!=|<=|>=|=|<|>)\s*(.+?)\s*$/.exec(text);
  if (parts === null) return undefined;
  return { key: parts[1]!, operator: parts[2] as Operator, value: parts[3]! };
}

/** Whether a run fits; one that has nothing of the name fits only `!=`. Numbers are compared as numbers. */
export function fits(run: ListedRun, { key, operator, value: wanted }: Condition): boolean {
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
function compareValues(one: unknown, other: unknown): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [a, b] = [`${one}`, `${other}`];
  return a < b ? -1 : Number(a > b);
}

/** The runs in the order of a value, the least first. What has none comes last in both directions. */
export function sortedBy<R>(runs: readonly R[], keyOf: (run: R) => unknown, direction: 1 | -1 = 1): R[] {
  return runs
    .map((run) => ({ run, value: keyOf(run) }))
    .sort(({ value: one }, { value: other }) => {
      const order = compareValues(one, other);
      return one === undefined || other === undefined ? order : direction * order;
    })
    .map(({ run }) => run);
}
