import { keyNumber, type OfferedRun } from '../state/offer.js';

const FACTS: Readonly<Record<string, (run: OfferedRun) => unknown>> = {
  run: ({ name }) => name,
  recipe: ({ recipe }) => recipe,
  data: ({ data }) => data,
  state: ({ state }) => state,
  kind: ({ kind }) => kind,
  epochs: ({ epochs }) => epochs,
  steps: ({ steps }) => steps,
  seed: ({ seed }) => seed,
  engine: ({ engine }) => engine,
  device: ({ device }) => device,
  when: ({ when }) => when,
};

/** A fact, an option, or the value of a number; undefined where the run has none. */
function factOf(run: OfferedRun, key: string): unknown {
  if (Object.hasOwn(FACTS, key)) return FACTS[key]!(run);
  if (Object.hasOwn(run.options, key)) return run.options[key];
  return keyNumber(run, key)?.value;
}

/**
 * Whether a run has all the words, each in its name, recipe, data, state or device, and fits all the conditions among them,
 * such as `latentDim>=20` or `recipe=vae`.
 */
export function fits(run: OfferedRun, query: string): boolean {
  const words = query.trim().split(/\s+/).filter(Boolean);
  const { name, recipe, data, state, device = '', kind = '' } = run;
  const text = [name, recipe, data, state, device, kind].join(' ').toLowerCase();
  return words.every((word) => {
    const condition = /^([^=!<>]+)(!=|<=|>=|=|<|>)(.+)$/.exec(word);
    return condition
      ? holds(factOf(run, condition[1]!), condition[2]!, condition[3]!)
      : text.includes(word.toLowerCase());
  });
}

function holds(found: unknown, operator: string, wanted: string): boolean {
  if (found === undefined) return operator === '!=';
  const order = compare(found, typeof found === 'number' && Number.isFinite(Number(wanted)) ? Number(wanted) : wanted);
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

/** Numbers by size, all else as texts. */
function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  const [a, b] = [`${one}`, `${other}`];
  return a < b ? -1 : Number(a > b);
}

/** @param sort a fact, with `-` before it the other way round. What has none comes last either way. */
export function sorted(runs: readonly OfferedRun[], sort: string, metric: string): OfferedRun[] {
  const isDown = sort.startsWith('-');
  const key = sort.replace(/^-/, '');
  const of = (run: OfferedRun): unknown => (key === 'number' ? keyNumber(run, metric)?.value : factOf(run, key));
  return [...runs].sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
    return (isDown ? -1 : 1) * compare(a, b);
  });
}
