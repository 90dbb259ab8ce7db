import type { ArmOf, Study, StudyMeasure } from '../study.js';

export const SEEDS: readonly number[] = [1, 2, 3];

/** A page for each of the assignments. */
export const PAGES = {
  eecs498: 'docs/systems/000-eecs498-homework-3.md',
  cs446: 'docs/systems/002-cs446-homework-5.md',
  mva: 'docs/systems/003-mva-assignment-1.md',
  ift6135: 'docs/systems/004-ift6135-homework-3.md',
} as const;

/** The page of a recipe. */
export const recipePage = (model: string): string => `docs/recipes/${model}.md`;

/** A judge's numbers about generated images; the gate is of those read with confidence. */
export const judgedAt = (gate: number): readonly StudyMeasure[] => [
  {
    ...{
      name: 'confidentSamples',
      split: 'test',
      label: 'samples read with confidence > 0.9 (%)',
      as: 'percent',
      digits: 1,
    },
    gate: { value: gate, better: 'higher' },
  },
  { name: 'classesPresent', split: 'test', label: 'classes', digits: 1 },
  { name: 'frechetDistance', split: 'test', label: "Frechet distance, classifier's features", digits: 1 },
];

export const BOUNDS: readonly StudyMeasure[] = [
  { name: 'elbo', split: 'test', label: 'ELBO (nats)', digits: 2 },
  { name: 'logLikelihood', split: 'test', draws: 200, label: 'log p(x) (nats)', digits: 2 },
];

export const accuracy = (gate?: number): StudyMeasure => ({
  ...{ name: 'accuracy', split: 'test', label: 'accuracy (%)', as: 'percent', digits: 2 },
  ...(gate !== undefined && { gate: { value: gate, better: 'higher' } }),
});

/** The runs of another study. */
export function runsOf(studies: readonly Study[], name: string, arm: string): ArmOf {
  const study = studies.find((one) => one.name === name);
  if (study?.arms[arm] === undefined) throw new Error(`there is no study '${name}' with an arm '${arm}'`);
  return { study, arm };
}
