import type { SplitName } from '../../data/data-set.js';
import { attemptRuns } from '../batch/attempt-runs.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { chosenData } from '../inputs/chosen-data.js';
import { LAUNCHING, launchOptions } from '../options/launching.js';
import { dataDir, device, judge, otherData, ownData, recipeFile, samples, seed } from '../options/shared-options.js';
import { count, given, integer, oneOf } from '../options/values.js';
import { certificateTable } from '../output/certificate.js';
import { measurementTable } from '../output/measurements.js';

const CERTIFY = 'With certify:';

const SPLITS: readonly SplitName[] = ['train', 'validation', 'test'];

export const command: Command = defineCommand({
  details:
    'Measures a run as its recipe says (a VAE: ELBO and importance-sampled log-likelihood, in nats), on the exported ' +
    'graphs only. A GAN of digits: what a classifier makes of its samples. The numbers also go into the manifest of the run.\n\n' +
    'eval certify measures the likelihood of a VAE from several sides: how far the importance weights can be relied on, bounds ' +
    'from above and below by annealing, and what its images take as a compressed file that is read again. (A run folder of the ' +
    'name certify is ./certify.)',
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
    ['eval certify runs/vae', 'the likelihood from above and below, and as a code length'],
    ['eval certify runs/vae --samples 5000 --steps 2000', 'with more samples and a longer annealing'],
  ],
  positionals: {
    run: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Run folders; with the word certify among them, certified',
    },
  },
  options: {
    samples,
    examples: count('--examples', 'Examples that log p(x) is estimated for, at equal distances in the split'),
    steps: { ...count('--steps', 'Densities that annealing goes through'), defaultDescription: '1000', group: CERTIFY },
    chains: { ...count('--chains', 'Annealed chains per image', 400), defaultDescription: '4', group: CERTIFY },
    annealed: {
      ...count('--annealed', 'Images that are annealed, and as many that the model makes'),
      defaultDescription: '50',
      group: CERTIFY,
    },
    compressed: { ...count('--compressed', 'Images that are compressed'), defaultDescription: '1000', group: CERTIFY },
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
      run: words,
      recipe: recipeFile,
      split,
      samples,
      examples,
      steps,
      chains,
      annealed,
      compressed,
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
    const runs = words.filter((word) => word !== 'certify');
    const certified = runs.length < words.length;
    if (runs.length === 0) throw new UsageError('certify which run? onnx-forge eval certify RUN');
    const sizes = given({ steps, chains, annealed, compressed });
    const [onlyCertified] = Object.keys(sizes);
    if (!certified && onlyCertified) {
      throw new UsageError(`--${onlyCertified} goes with certify: onnx-forge eval certify RUN --${onlyCertified} N`);
    }
    if (certified && judge !== undefined) throw new UsageError('--judge has no use with certify');
    const { evaluateRun } = await import('../../actions/evaluate.js');
    const { certifyRun } = await import('../../actions/certify.js');
    const { estimateOneShard, evaluateSharded, optionWords, requireShardOptions } = await import('../eval/shards.js');
    const said = optionWords({ recipe: recipeFile, data, resize, grey, columns, group, 'data-dir': dataDir, device });
    const sharding = { shards, shard, words: said, ...launch };
    requireShardOptions(sharding, runs.length);
    if (certified && shards !== undefined) throw new UsageError('--shards has no use with certify');
    const chosen = await chosenData({ data, resize, grey, columns, group });
    const threads = launch.launcher ? undefined : launch.cpus;
    const options = given({ split, samples, examples, data: chosen, dataDir, threads });
    return attemptRuns(
      runs,
      async ({ manifest, ...opened }) => {
        const recipe = opened.recipe.name;
        const request = { ...opened, ...options, device, seed };
        if (certified) return { recipe, ...(await certifyRun({ ...request, ...sizes })) };
        const judged = { ...request, ...given({ judge }) };
        if (shard !== undefined) {
          await estimateOneShard({ ...opened, manifest }, judged, { shards, shard });
          return { recipe, shard };
        }
        const measurements =
          shards === undefined ? await evaluateRun(judged) : await evaluateSharded(judged, shards, sharding);
        return { recipe, measurements };
      },
      (run, { recipe, ...result }) => {
        if ('dataSet' in result) return `${run} (${recipe})\n${certificateTable(result)}`;
        if ('shard' in result) return `${run} (${recipe}): shard ${shard} of ${shards} is done`;
        if (result.measurements.length === 0) return `${run} (${recipe}): the recipe measures nothing`;
        return `${run} (${recipe})\n${measurementTable(result.measurements)}`;
      },
      { recipeFile, between: '\n\n', context },
    );
  },
});
