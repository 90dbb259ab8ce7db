import { basename } from 'node:path';
import { numbersOf, wayOf } from '../run/run-number.js';
import type { ExploredRun } from './explored-runs.js';

export interface Offer {
  /** Name of the folders that are explored, for people. */
  readonly title: string;
  /** Whether there is a server that tells of changes. */
  readonly live: boolean;
  /** Of each run, with the number under which the page finds its files. */
  readonly runs: readonly { readonly run: ExploredRun; readonly number: number; readonly hasExamples: boolean }[];
}

/** Content of `runs.json` beside the page: see the page's `Offer`. Folders stay on this machine. */
export function runsJson({ title, live, runs }: Offer): string {
  const offered = runs.map(({ run: { name, folder, summary, manifest, figures }, number, hasExamples }) => {
    const { path, name: own, metrics, last, problem, ...facts } = summary;
    return {
      ...facts,
      ...(problem !== undefined && { problem: problem.replaceAll(`${folder}/`, '') }),
      name,
      location: `runs/${number}/`,
      log: `logs/${number}.json`,
      ...(hasExamples && { examples: `examples/${number}.safetensors` }),
      figures: figures.map((file) => ({ name: basename(file, '.png'), url: `runs/${number}/${file}` })),
      ...(manifest && { kind: manifest.kind, created: manifest.created, trainable: manifest.training !== undefined }),
      numbers: numbersOf(summary).map((one, i) => (i < metrics.length ? { ...one, way: wayOf(metrics[i]!) } : one)),
    };
  });
  return JSON.stringify({ title, live, runs: offered });
}
