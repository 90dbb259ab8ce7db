import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { encoded } from '../inputs/encoded.js';
import { exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device, outFile, seed } from '../options/shared-options.js';
import { count, indices, oneOf } from '../options/values.js';
import { writePicture } from '../picture.js';

export const command: Command = defineCommand({
  details:
    'For some pairs of latent vectors a and b from the prior: g(alpha a + (1 - alpha) b) in latent space, and ' +
    'alpha g(a) + (1 - alpha) g(b) in data space, for alpha from 0 (b) to 1 (a). With --data a and b are the means of the posteriors ' +
    'of images (models with an encoder).',
  examples: [
    ['interpolate runs/vae -o way.png', 'three pairs, 11 steps, both spaces'],
    ['interpolate runs/vae --space latent --pairs 8 --steps 16', 'latent space only'],
    [
      'interpolate runs/vae --data ./my-images --examples 0,4',
      'from one image of the test split of a folder to another',
    ],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder or URL' } },
  options: {
    out: outFile,
    pairs: { ...count('--pairs', 'How many pairs', 100), default: 3 },
    steps: { ...count('--steps', 'Images per row, both ends included', 1_000), default: 11 },
    space: { ...oneOf('--space', ['both', 'latent', 'data'], 'Where to mix'), default: 'both' },
    ...exampleOptions,
    examples: indices('--examples', 'With --data: the images of each pair in turn, such as 0,4,1,7'),
    seed,
    device,
  },
  async run(
    { run, out, pairs: asked, steps, space, seed, device, examples: numbers, ...choice },
    context,
  ): Promise<Outcome> {
    if (steps < 2) throw new UsageError('--steps counts both ends: it must be at least 2, not 1');
    const examples = await runExamples(run, choice, context);
    if (numbers && (!examples || numbers.length % 2 !== 0)) {
      throw new UsageError('--examples takes numbers in pairs, of the data that --data names', { numbers });
    }
    return writePicture(
      { run, out, device, name: 'interpolate' },
      async (model) => {
        const { rowsOf } = await import('../../figures/images.js');
        const ends = numbers ?? Array.from({ length: 2 * asked }, (_, i) => i);
        const pairs = ends.length / 2;
        const vectors = examples
          ? await encoded(model, examples, ends)
          : rowsOf((await model.sample(2 * pairs, { seed })).z.data, 2 * pairs);
        // Of images in pairs the first is where the way begins, alpha = 0; of samples the halves are the two ends.
        const [a, b] = examples
          ? [vectors.filter((_, i) => i % 2 === 1), vectors.filter((_, i) => i % 2 === 0)]
          : [vectors.slice(0, pairs), vectors.slice(pairs)];
        const spaces = space === 'both' ? (['latent', 'data'] as const) : [space];
        const ways: Float32Array[][] = [];
        for (const one of spaces)
          ways.push(rowsOf((await model.interpolate(a, b, { steps, space: one })).images.data, pairs * steps));
        const rows = Array.from({ length: pairs }, (_, pair) =>
          ways.map((images) => images.slice(pair * steps, (pair + 1) * steps)),
        ).flat();
        const alphas = Array.from({ length: steps }, (_, step) => step / (steps - 1));
        return {
          images: rows.flat(),
          text: {
            columns: steps,
            rowLabels: rows.map((_, row) => spaces[row % spaces.length]!),
            columnLabels: alphas.map((alpha) => alpha.toFixed(steps <= 11 ? 1 : 2)),
          },
          facts: { pairs, steps, spaces, ...(examples ? { examples: ends } : { seed }) },
        };
      },
      context,
    );
  },
});
