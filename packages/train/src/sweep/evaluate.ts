import { evaluateRun } from '../actions/evaluate.js';
import type { Measurement } from '../measures/measure.js';
import { RunFolder } from '../run/folder.js';
import { recordSelection } from '../run/manifest.js';
import type { TrainRequest } from '../trainer/request.js';
import type { SweepFolder } from './folder.js';
import { onFold } from './folds.js';
import { bestTrial, standardError } from './results.js';
import { repetitionsOf } from './spec.js';

/** A measure of the chosen trial over its seeds and folds. */
export interface BestMeasurement extends Pick<Measurement, 'name' | 'split' | 'unit' | 'examples' | 'samples'> {
  /** Of each training. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Undefined with one training. */
  readonly standardError: number | undefined;
}

/**
 * Measures the chosen trial on the test split, as its recipe's evaluation does. The manifest of each of its runs gets the numbers,
 * and from how many trials it was chosen.
 *
 * @throws SweepError (`sweep-unfinished`)
 */
export async function evaluateBest(
  folder: SweepFolder,
  request: Omit<TrainRequest, 'out'>,
): Promise<readonly BestMeasurement[]> {
  const { record, value, among } = await bestTrial(folder);
  const { target } = folder.spec;
  const { recipe, data, dataDir, device, threads, signal, onEvent } = request;
  const given = Object.entries({ data, dataDir, device, threads, signal, onEvent }).filter(
    ([, one]) => one !== undefined,
  );
  const all: (readonly Measurement[])[] = [];
  for (const { seed, fold } of repetitionsOf(folder.spec)) {
    const run = folder.runFolder(record.number, seed, fold);
    const own = fold === undefined ? {} : { data: onFold(data, { index: fold, of: folder.spec.folds! }) };
    all.push(await evaluateRun({ recipe, run, seed, split: 'test', ...Object.fromEntries(given), ...own }));
    await recordSelection(new RunFolder(run), { among, target, value, trial: record.number });
  }
  return all[0]!
    .filter(({ split }) => split === 'test')
    .map(({ name, split, unit, examples, samples }) => {
      const values = all.flatMap((list) => list.find((one) => one.name === name && one.split === split)?.value ?? []);
      const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
      return {
        name,
        split,
        unit,
        examples,
        ...(samples !== undefined && { samples }),
        values,
        mean,
        standardError: standardError(values),
      };
    });
}
