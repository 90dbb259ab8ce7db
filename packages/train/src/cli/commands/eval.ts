import type { SplitName } from '../../data/data-set.js';
import { attemptRuns } from '../batch/attempt-runs.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { chosenData } from '../inputs/chosen-data.js';
import { LAUNCHING, launchOptions } from '../options/launching.js';
import { dataDir, device, judge, otherData, ownData, recipeFile, samples, seed } from '../options/shared-options.js';
import { count, given, integer, oneOf } from '../options/values.js';
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
    [
      'eval runs/vae --samples 5000 --shards 64 --launcher slurm --partition short',
      'log p(x) as 64 jobs; the same command goes on with those that are missing',
    ],
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
    shards: count('--shards', 'Split the examples of log p(x) into so many parts, each kept when it is done', 100_000),
    shard: {
      ...integer('--shard', 'Only estimate this part, from 0: what each job runs'),
      group: LAUNCHING,
    },
    ...launchOptions('shard', '1; without --launcher as many as there are cores'),
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
      shards,
      shard,
      ...launch
    },
    context,
  ): Promise<Outcome> {
    const { evaluateRun } = await import('../../actions/evaluate.js');
    const { estimateOneShard, evaluateSharded, optionWords, requireShardOptions } = await import('../eval/shards.js');
    const words = optionWords({ recipe: recipeFile, data, resize, grey, columns, group, 'data-dir': dataDir, device });
    const sharding = { shards, shard, words, ...launch };
    requireShardOptions(sharding, runs.length);
    const chosen = await chosenData({ data, resize, grey, columns, group });
    const threads = launch.launcher ? undefined : launch.cpus;
    const options = given({ split, samples, examples, data: chosen, dataDir, judge, threads });
    return attemptRuns(
      runs,
      async ({ manifest, ...opened }) => {
        const recipe = opened.recipe.name;
        const request = { ...opened, ...options, device, seed };
        if (shard !== undefined) {
          await estimateOneShard({ ...opened, manifest }, request, { shards, shard });
          return { recipe, shard };
        }
        const measurements =
          shards === undefined ? await evaluateRun(request) : await evaluateSharded(request, shards, sharding);
        return { recipe, measurements };
      },
      (run, { recipe, measurements }) => {
        if (measurements === undefined) return `${run} (${recipe}): shard ${shard} of ${shards} is done`;
        if (measurements.length === 0) return `${run} (${recipe}): the recipe measures nothing`;
        return `${run} (${recipe})\n${measurementTable(measurements)}`;
      },
      { recipeFile, between: '\n\n', context },
    );
  },
});
