import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { loadEmbedding, readImages } from '../inputs/image-files.js';
import { device } from '../options/shared-options.js';

export const command: Command = defineCommand({
  details:
    'Prints the vector of each image (PNG, JPEG or PGM, of the size and colours that the model was trained on), one line ' +
    'of JSON an image.',
  examples: [['embed runs/siamese s1/1.pgm s1/2.pgm > vectors.jsonl', 'two faces']],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    files: { type: 'string', array: true, describe: 'Image files' },
  },
  options: { device },
  async run({ run, files = [], device }): Promise<Outcome> {
    if (files.length === 0) throw new UsageError('there is nothing to embed: give image files');
    await using model = await loadEmbedding(run, device, 'embed');
    const { data, dims } = await model.embed(await readImages(files, model));
    const size = dims[1]!;
    const vectors = files.map((file, row) => {
      return { file, embedding: Array.from(data.subarray(row * size, (row + 1) * size)) };
    });
    return {
      text: vectors.map((vector) => JSON.stringify(vector)).join('\n'),
      json: { run, metric: model.metric, device: model.device, vectors },
    };
  },
});
