import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { readImages } from '../inputs/image-files.js';
import { openModelOf } from '../inputs/open-model.js';
import { exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device } from '../options/shared-options.js';
import { real } from '../options/values.js';

export const command: Command = defineCommand({
  details:
    'Places two images (PNG, JPEG or PGM, of the size and colours that the model was trained on; a run on images of your own ' +
    'changes them as it did those) as vectors and prints how far apart they are. They are taken for the same when that is at most the threshold, which training chose on ' +
    'the validation split.',
  examples: [
    ['compare runs/siamese s1/1.pgm s1/2.pgm', 'two faces'],
    ['compare runs/siamese a.png b.jpg --threshold 0.8 --json', 'more cautious, for a program'],
    ['compare runs/siamese 0 7 --data ./faces --grey', 'examples 0 and 7 of the test split of a folder'],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    a: { type: 'string', demandOption: true, describe: 'Image file; with --data the number of an example, from 0' },
    b: { type: 'string', demandOption: true, describe: 'Image file; with --data the number of an example, from 0' },
  },
  options: {
    threshold: {
      ...real('--threshold', 'Images at most this far apart are the same'),
      defaultDescription: "the run's",
    },
    ...exampleOptions,
    device,
  },
  async run({ run, a, b, threshold, device, ...choice }, context): Promise<Outcome> {
    const examples = await runExamples(run, choice, context);
    const otherwise = "it can't compare images, which takes an embedding model";
    await using model = await openModelOf(['embedding'], run, { device, otherwise });
    const images = examples ? examples.images([a, b].map(exampleNumber)) : await readImages([a, b], model);
    const [left, right] = images as [Float32Array, Float32Array];
    const facts = { run, a, b, metric: model.metric, device: model.device };
    if (threshold === undefined && model.manifest.serve.threshold === undefined) {
      const [dissimilarity] = await model.compare(left, right);
      return { text: `dissimilarity ${format(dissimilarity!)}`, json: { ...facts, dissimilarity } };
    }
    const found = await model.verify(left, right, { threshold });
    const [same, dissimilarity] = [found.same[0]!, found.dissimilarity[0]!];
    const decision = `${same ? 'the same' : 'different'} (threshold ${format(found.threshold)})`;
    return {
      text: `dissimilarity ${format(dissimilarity)}: ${decision}`,
      json: { ...facts, dissimilarity, threshold: found.threshold, same },
    };
  },
});

/** @throws UsageError */
function exampleNumber(word: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  throw new UsageError(`with --data images are numbers of examples, from 0, not '${word}'`, { word });
}

function format(value: number): string {
  return value.toPrecision(4);
}
