import type { SplitName } from '../../data/data-set.js';
import { attemptRuns } from '../batch/attempt-runs.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { chosenData } from '../inputs/chosen-data.js';
import { dataDir, device, judge, otherData, ownData, recipeFile, samples, seed } from '../options/shared-options.js';
import { count, given, oneOf } from '../options/values.js';
import { measurementTable } from '../output/measurements.js';

const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];

export const command: Command = defineCommand({
  details:
    'Measures a run as its recipe says (a VAE: ELBO and importance-sampled log-likelihood, in nats), on the exported ' +
    'graphs only. A GAN of digits: what a classifier makes of its samples. The numbers also go into the manifest of the run.',
  examples: [
    ['eval runs/vae', 'as the recipe says'],
    ['eval runs/vae --samples 1000 --split validation', 'with more importance samples, on another split'],
    ['eval runs/vae --samples 5000 --examples 1000', 'log p(x) of 1,000 images, which many samples make dear'],
    ['eval runs/dcgan --judge runs/classifier', 'samples as that classifier reads them'],
    ['eval runs/* --json', 'all runs, for a program'],
  ],
  positionals: { run: { type: 'string', array: true, demandOption: true, describe: 'Run folders' } },
  options: {
    samples,
    examples: count('--examples', 'Examples that log p(x) is estimated for, at equal distances in the split'),
    split: {
      ...oneOf('--split', SPLITS, 'Part of the data'),
      defaultDescription: 'test, of VAEs and language models validation too',
    },
    data: otherData,
    ...ownData,
    'data-dir': dataDir,
    judge,
    device,
    seed,
    recipe: recipeFile,
  },
  async run(
    {
      run: runs,
      recipe: recipeFile,
      split,
      samples,
      examples,
      data,
      resize,
      grey,
      columns,
      group,
      dataDir,
      judge,
      device,
      seed,
    },
    context,
  ): Promise<Outcome> {
    const { evaluateRun } = await import('../../actions/evaluate.js');
    const chosen = await chosenData({ data, resize, grey, columns, group });
    const options = given({ split, samples, examples, data: chosen, dataDir, judge });
    return attemptRuns(
      runs,
      async (opened) => {
        const measurements = await evaluateRun({ ...opened, ...options, device, seed });
        return { recipe: opened.recipe.name, measurements };
      },
      (run, { recipe, measurements }) =>
        measurements.length === 0
          ? `${run} (${recipe}): the recipe measures nothing`
          : `${run} (${recipe})\n${measurementTable(measurements)}`,
      { recipeFile, between: '\n\n', context },
    );
  },
});
