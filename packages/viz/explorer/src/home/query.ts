import { factOf, fits, keyNumber, namesOf, parseCondition, sortedBy } from '@onnx-forge/viz/runs';
import type { OfferedRun } from '../state/offer.js';

/** Picks runs by words and conditions such as `latentDim>=20`, `recipe = vae`. */
export interface Filter {
  readonly matches: (run: OfferedRun) => boolean;
  /** Names in its conditions that no run has. */
  readonly unknown: readonly string[];
}

/** A run has to have all the words, each in its name, recipe, data, state, device or kind, and to fit all the conditions. */
export function filterOf(runs: readonly OfferedRun[], query: string): Filter {
  const parts = query
    .replaceAll(/\s*(!=|<=|>=|=|<|>)\s*/g, '$1')
    .split(/\s+/)
    .filter(Boolean)
    .map((part) => ({ word: part.toLowerCase(), condition: parseCondition(part) }));
  const known = new Set(namesOf(runs));
  return {
    matches: (run) => {
      const { name, recipe, data, state, device = '', kind = '' } = run;
      const text = [name, recipe, data, state, device, kind].join(' ').toLowerCase();
      return parts.every(({ word, condition }) => (condition ? fits(run, condition) : text.includes(word)));
    },
    unknown: parts.flatMap(({ condition }) => (condition && !known.has(condition.key) ? [condition.key] : [])),
  };
}

/** @param sort a fact, with `-` before it the other way round. What has none comes last either way. */
export function sorted(runs: readonly OfferedRun[], sort: string, metric: string): OfferedRun[] {
  const key = sort.replace(/^-/, '');
  const numberOf = (run: OfferedRun) =>
    key === 'number' ? keyNumber(run, metric || undefined)?.value : factOf(run, key);
  return sortedBy(runs, numberOf, sort.startsWith('-') ? -1 : 1);
}
