import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { encoded } from '../inputs/encoded.js';
import { exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device, outFile, seed } from '../options/shared-options.js';
import { count, indices, integer, positive } from '../options/values.js';
import { writePicture } from '../picture.js';

/** Vectors over which a dimension's activity is averaged. */
const PROBES = 16;

export const command: Command = defineCommand({
  details:
    'Moves one latent dimension of a sample at a time, from -epsilon to +epsilon, one row per dimension. The number ' +
    'beside a row is how active the dimension is: the mean absolute change of a pixel, over 16 samples.',
  examples: [
    ['perturb runs/vae -o dims.png', 'the ten most active dimensions'],
    ['perturb runs/dcgan --dims 0,5,7 --epsilon 1', 'these three'],
    ['perturb runs/vae --data ./my-images --example 3', 'of an image of the test split of a folder'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder or URL' } },
  options: {
    out: outFile,
    dims: { ...indices('--dims', 'Latent dimensions, such as 0,5,7'), defaultDescription: 'the ten most active' },
    epsilon: { ...positive('--epsilon', 'Largest change'), default: 3 },
    steps: { ...count('--steps', 'Images on either side', 100), default: 3 },
    ...exampleOptions,
    example: { ...integer('--example', 'With --data: the number of the image'), defaultDescription: '0' },
    seed,
    device,
  },
  async run({ run, out, dims, epsilon, steps, seed, device, example, ...choice }, context): Promise<Outcome> {
    const examples = await runExamples(run, choice, context);
    if (example !== undefined && (!examples || example < 0)) {
      throw new UsageError('--example takes the number of an example, from 0, of the data that --data names', {
        example,
      });
    }
    return writePicture(
      { run, out, device, name: 'perturb' },
      async (model) => {
        const { rowsOf } = await import('../../figures/images.js');
        const z = rowsOf((await model.sample(PROBES, { seed })).z.data, PROBES);
        const { change, dims: measured } = await model.perturb(z, {
          epsilon: [-epsilon, epsilon],
          dims: dims ?? 'all',
        });
        const activity = new Map(measured.map((dim, at) => [dim, change[at]!]));
        const shown =
          dims ?? [...measured].sort((one, other) => activity.get(other)! - activity.get(one)!).slice(0, 10);
        const epsilons = Array.from({ length: 2 * steps + 1 }, (_, i) => ((i - steps) / steps) * epsilon);
        const start = examples ? await encoded(model, examples, [example ?? 0]) : z.slice(0, 1);
        const { images } = await model.perturb(start, { epsilon: epsilons, dims: shown });
        return {
          images: images.data,
          text: {
            columns: epsilons.length,
            rowLabels: shown.map((dim) => `z${dim}: ${activity.get(dim)!.toFixed(4)}`),
            columnLabels: epsilons.map((value) => `${Number(value.toFixed(2))}`),
          },
          facts: {
            epsilons,
            seed,
            ...(examples && { example: example ?? 0 }),
            dimensions: shown.map((dim) => ({ dim, change: activity.get(dim)! })),
          },
        };
      },
      context,
    );
  },
});
