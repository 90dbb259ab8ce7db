import { type Command, defineCommand, type Outcome } from './command.js';
import { writePicture } from './picture.js';
import { device, outFile, seed } from './shared-options.js';
import { count } from './values.js';

export const sampleCommand: Command = defineCommand({
  usage: 'sample <run>',
  summary: 'Draw samples of a trained model as one PNG',
  examples: [
    ['sample runs/vae', '64 samples to runs/vae/figures/sample.png'],
    ['sample runs/dcgan -o more.png --count 100 --seed 7', 'others, elsewhere'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder or URL' } },
  options: {
    out: outFile,
    count: { ...count('--count', 'How many samples'), default: 64 },
    columns: { ...count('--columns', 'Samples per row'), defaultDescription: 'a square' },
    seed,
    device,
  },
  run({ run, out, count, columns, seed, device }): Promise<Outcome> {
    return writePicture({ run, out, device, name: 'sample' }, async (model) => {
      const { images } = await model.sample(count, { seed });
      return { images: images.data, text: { columns: columns ?? Math.ceil(Math.sqrt(count)) }, facts: { count, seed } };
    });
  },
});
