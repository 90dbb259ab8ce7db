import { type DataSet, SPLIT_NAMES, type Split, type SplitName } from '../../data/data-set.js';
import { everyIndex } from '../../data/views.js';
import type { OptionValues } from '../../options/option.js';
import type { CommandContext } from '../command.js';
import { UsageError } from '../errors.js';
import { dataDir, type OwnDataOptions, ownData, recipeFile } from '../options/shared-options.js';
import { given, oneOf, text, type ValueOption } from '../options/values.js';
import { showReading } from '../output/reading.js';
import type { OwnDataChoice } from './chosen-data.js';

/** Options of commands that take examples of a data set in place of files or words. */
export const exampleOptions: OwnDataOptions & {
  readonly data: ValueOption<string>;
  readonly split: ValueOption<SplitName> & { readonly defaultDescription: string };
  readonly 'data-dir': ValueOption<string>;
  readonly recipe: ValueOption<string>;
} = {
  data: text('--data', 'Examples of a data set instead: a name, or a path to data of your own'),
  split: { ...oneOf('--split', SPLIT_NAMES, 'Part of the data'), defaultDescription: 'test' },
  ...ownData,
  'data-dir': dataDir,
  recipe: recipeFile,
};

export interface ExampleChoice extends Omit<OwnDataChoice, 'split'> {
  readonly data?: string | undefined;
  readonly split?: SplitName | undefined;
  readonly dataDir?: string | undefined;
  readonly recipe?: string | undefined;
}

/** Examples of a data set, in the form in which a run's model takes them. */
export interface RunExamples {
  readonly split: Split;
  readonly splitName: SplitName;
  readonly dataSet: DataSet;
  /** Names of the classes, where examples have labels. */
  readonly classes: readonly string[] | undefined;
  /** Images [pixels] each. @throws UsageError for a number that is not there, or data without images */
  images(indices: readonly number[]): Float32Array[];
  /** The class of an example; undefined where there is none. */
  label(index: number): string | undefined;
}

/**
 * The examples that a command line names for a run; undefined when it names none.
 *
 * @throws UsageError options of data without `--data`; DataError, TrainError (`data-mismatch`)
 */
export async function runExamples(
  run: string,
  { data, split, dataDir, recipe: file, resize, grey, columns, group }: ExampleChoice,
  { progress, interruptible }: CommandContext,
): Promise<RunExamples | undefined> {
  const own = { resize, grey, columns, group };
  if (data === undefined) {
    const [option] = Object.keys(given({ ...own, split, 'data-dir': dataDir }));
    if (option !== undefined)
      throw new UsageError(`--${option} is for examples of a data set: name it by --data`, { option });
    return undefined;
  }
  const { gather } = await import('../../data/batches.js');
  const { dataFacts } = await import('../../data/facts.js');
  const { recipeData } = await import('../../recipe/data.js');
  const { recipeOptions } = await import('../../recipe/recipe.js');
  const { chosenData } = await import('./chosen-data.js');
  const { openRun } = await import('./runs.js');
  const chosen = (await chosenData({ data, ...own })) ?? data;
  const { recipe, manifest } = await openRun(run, file);
  const options = recipeOptions(recipe, {}, manifest.options as OptionValues);
  const signal = interruptible('stopping');
  const onProgress = showReading(progress, data);
  const dataSet = await recipeData(recipe, { data: chosen, dataDir, options, signal, onProgress });
  progress.end();
  const inputs = Object.entries(recipe.batch(options, dataFacts(dataSet)));
  const image = inputs.find(([, input]) => input.image !== undefined)?.[0];
  const labels = inputs.find(([name, input]) => (input.field ?? name) === 'label')?.[0];
  const splitName = split ?? 'test';
  const part = dataSet.splits[splitName];
  const classes = dataSet.vocabularies?.label;
  return {
    split: part,
    splitName,
    dataSet,
    classes,
    images(indices) {
      if (image === undefined) throw new UsageError(`data set '${dataSet.name}' has no images`, { data });
      const outside = indices.find((index) => index >= part.size);
      if (outside !== undefined) {
        const message = `there is no example ${outside}: the ${splitName} split of '${dataSet.name}' has ${part.size}, from 0`;
        throw new UsageError(message, { index: outside, size: part.size });
      }
      return indices.map((index) => gather(part, image, [index]) as Float32Array);
    },
    label(index) {
      if (labels === undefined) return undefined;
      const [label] = gather(part, labels, [index]);
      return classes?.[label!] ?? `${label}`;
    },
  };
}

/** The index of each example. */
export function everyExample({ split }: RunExamples): number[] {
  return everyIndex(split);
}
