import { type GenerativeModel, InputError } from '@onnx-forge/infer';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { device, outFile, seed } from '../options/shared-options.js';
import { count, indices } from '../options/values.js';
import { MOST_IMAGES, writePicture } from '../picture.js';

export const command: Command = defineCommand({
  examples: [
    ['sample runs/vae', '64 samples to runs/vae/figures/sample.png'],
    ['sample runs/cvae --labels 3 --count 10', 'ten threes of a conditional model'],
    ['sample runs/dcgan -o more.png --count 100 --seed 7', 'others, elsewhere'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder or URL' } },
  options: {
    out: outFile,
    count: { ...count('--count', 'How many samples', MOST_IMAGES), default: 64 },
    columns: { ...count('--columns', 'Samples per row', MOST_IMAGES), defaultDescription: 'a square' },
    labels: {
      ...indices('--labels', 'Classes of the samples in turn, such as 3 or 0,1 (conditional models)'),
      defaultDescription: 'all in turn',
    },
    seed,
    device,
  },
  run({ run, out, count, columns, labels, seed, device }, context): Promise<Outcome> {
    return writePicture(
      { run, out, device, name: 'sample' },
      async (model) => {
        const { images } = await (model.kind === 'conditional'
          ? model.sample(count, { seed, ...(labels && { labels: repeated(labels, count) }) })
          : withoutLabels(model, labels).sample(count, { seed }));
        const perRow = model.kind === 'conditional' && !labels ? model.manifest.serve.classes.length : undefined;
        const text = { columns: columns ?? perRow ?? Math.ceil(Math.sqrt(count)) };
        return { images: images.data, text, facts: { count, seed, ...(labels && { labels }) } };
      },
      context,
    );
  },
});

/** As many labels as samples: the given ones over and over. */
function repeated(labels: readonly number[], samples: number): number[] {
  return Array.from({ length: samples }, (_, sample) => labels[sample % labels.length]!);
}

/** @throws InputError when there are labels, which this model knows nothing of */
function withoutLabels<Model extends GenerativeModel>(model: Model, labels: readonly number[] | undefined): Model {
  if (labels === undefined) return model;
  throw new InputError(`${model.location} knows no classes: --labels is for conditional models`, { kind: model.kind });
}
