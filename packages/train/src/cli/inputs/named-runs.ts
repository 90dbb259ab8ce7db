import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { UsageError } from '../errors.js';

/** A run on a command line, and what charts call it. */
export interface NamedRun {
  readonly path: string;
  readonly name: string;
}

/**
 * Run folders, called by the name of their folder (by their path where two folders have the same name), or as one says:
 * NAME=RUN.
 *
 * @throws UsageError for two runs of one name
 */
export async function namedRuns(given: readonly string[]): Promise<NamedRun[]> {
  const places = await Promise.all(
    given.map(async (word) => {
      const isPath = await stat(word).then(Boolean, () => false);
      const named = isPath ? null : /^([^=]+)=(.+)$/.exec(word);
      return { path: named?.[2] ?? word, name: named?.[1] };
    }),
  );
  const folders = places.map(({ path }) => basename(resolve(path)));
  const alone = (index: number) => folders.indexOf(folders[index]!) === folders.lastIndexOf(folders[index]!);
  const runs = places.map(({ path, name }, index) => ({ path, name: name ?? (alone(index) ? folders[index]! : path) }));
  const twice = runs.find(({ name }, index) => runs.findIndex((run) => run.name === name) !== index);
  if (twice !== undefined) throw new UsageError(`two runs are called '${twice.name}': say NAME=RUN`);
  return runs;
}
