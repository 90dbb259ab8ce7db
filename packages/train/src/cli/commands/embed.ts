import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { readImages } from '../inputs/image-files.js';
import { openModelOf } from '../inputs/open-model.js';
import { everyExample, exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device } from '../options/shared-options.js';

export const command: Command = defineCommand({
  details:
    'Prints the vector of each image (PNG, JPEG or PGM, of the size and colours that the model was trained on; a run on images of ' +
    'your own changes them as it did those), one line of JSON an image.',
  examples: [
    ['embed runs/siamese s1/1.pgm s1/2.pgm > vectors.jsonl', 'two faces'],
    ['embed runs/siamese --data ./faces --grey > vectors.jsonl', 'every image of the test split of a folder'],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    files: { type: 'string', array: true, describe: 'Image files' },
  },
  options: { ...exampleOptions, device },
  async run({ run, files = [], device, ...choice }, context): Promise<Outcome> {
    const examples = await runExamples(run, choice, context);
    if (examples && files.length > 0) throw new UsageError('give image files or --data, not both');
    if (!examples && files.length === 0) throw new UsageError('there is nothing to embed: give image files, or --data');
    const otherwise = "it can't embed images, which takes an embedding model";
    await using model = await openModelOf(['embedding'], run, { device, otherwise });
    const names = examples
      ? everyExample(examples).map((example) => {
          const label = examples.label(example);
          return { split: examples.splitName, example, ...(label !== undefined && { label }) };
        })
      : files.map((file) => ({ file }));
    const images = examples ? examples.images(everyExample(examples)) : await readImages(files, model);
    const { data, dims } = await model.embed(images);
    const size = dims[1]!;
    const vectors = names.map((name, row) => {
      return { ...name, embedding: Array.from(data.subarray(row * size, (row + 1) * size)) };
    });
    return {
      text: vectors.map((vector) => JSON.stringify(vector)).join('\n'),
      json: { run, metric: model.metric, device: model.device, vectors },
    };
  },
});
