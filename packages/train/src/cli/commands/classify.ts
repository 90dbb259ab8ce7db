import type { ClassifierModel, TextClassifierModel } from '@onnx-forge/infer';
import { parseLines } from '../../data/formats/lines.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { readImages } from '../inputs/image-files.js';
import { readInput } from '../inputs/input-file.js';
import { openModelOf } from '../inputs/open-model.js';
import { everyExample, exampleOptions, type RunExamples, runExamples } from '../inputs/run-examples.js';
import { device } from '../options/shared-options.js';
import { text as textOption } from '../options/values.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Prints the class of each text or image, and how probable the model holds that class to be. Texts are cut into tokens as ' +
    'training did; words that the model has never seen are named. Images are PNG, JPEG or PGM, of the size and colours that the ' +
    'model was trained on; a run on images of your own changes them as it did those.',
  examples: [
    ['classify runs/text-cnn "not a very good film"', 'one text'],
    ['classify runs/text-cnn --file reviews.txt --json', 'every line of a file (UTF-8), for a program'],
    ['classify runs/classifier a.png b.png', 'two images'],
    ['classify runs/classifier --data ./my-images --resize 28x28 --grey', 'the test split of a folder of images'],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    text: { type: 'string', array: true, describe: 'Texts, each in quotes; or image files' },
  },
  options: {
    file: textOption('--file', 'File with a text on each line, - for standard input; empty lines are left out'),
    ...exampleOptions,
    device,
  },
  async run({ run, text: given = [], file, device, ...choice }, context): Promise<Outcome> {
    const examples = await runExamples(run, choice, context);
    if (examples && (given.length > 0 || file !== undefined)) {
      throw new UsageError('give texts, files or --data, not several of them');
    }
    const words = [...given, ...(file === undefined ? [] : await linesOf(file))];
    if (!examples && words.length === 0) {
      throw new UsageError(
        'there is nothing to classify: give texts, or a file of them by --file, or images, or --data',
      );
    }
    const otherwise = 'it classifies no texts and no images';
    await using model = await openModelOf(['text-classifier', 'classifier'], run, { device, otherwise });
    if (model.kind === 'text-classifier') {
      const texts = examples?.split.texts?.text ?? words;
      const found = (await classifyTexts(model, texts)).map((one, i) => ({ ...one, ...truth(examples, i) }));
      return { text: show(found), json: { run, device: model.device, texts: found } };
    }
    if (file !== undefined) {
      throw new UsageError('--file is for texts: name image files one by one, or a folder by --data');
    }
    const images = examples ? examples.images(everyExample(examples)) : await readImages(words, model);
    const name = (i: number) => (examples ? { example: i } : { file: words[i]! });
    const found = (await classifyImages(model, images)).map((one, i) => ({
      ...name(i),
      ...one,
      ...truth(examples, i),
    }));
    return { text: show(found), json: { run, device: model.device, images: found } };
  },
});

interface Classified {
  readonly class: string;
  /** By class. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly text?: string;
  readonly unknown?: readonly string[];
  readonly file?: string;
  readonly example?: number;
  /** Its class by the data. */
  readonly label?: string;
}

function truth(examples: RunExamples | undefined, index: number): { readonly label?: string } {
  const label = examples?.label(index);
  return label === undefined ? {} : { label };
}

async function classifyTexts(model: TextClassifierModel, texts: readonly string[]): Promise<Classified[]> {
  const { probabilities, labels, unknown } = await model.classify(texts);
  return texts.map((text, row) => {
    return { text, ...classOf(model.classes, probabilities.data, labels[row]!, row), unknown: unknown[row]! };
  });
}

async function classifyImages(model: ClassifierModel, images: readonly Float32Array[]): Promise<Classified[]> {
  const { classes } = model.manifest.serve;
  const { probabilities, labels } = await model.classify(images);
  return images.map((_, row) => classOf(classes, probabilities.data, labels[row]!, row));
}

function classOf(classes: readonly string[], probabilities: Float32Array, label: number, row: number): Classified {
  const of = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
  return { class: classes[label]!, probabilities: Object.fromEntries(classes.map((name, i) => [name, of[i]!])) };
}

function show(found: readonly Classified[]): string {
  const labelled = found.some(({ label }) => label !== undefined);
  const ofTexts = found.some(({ text }) => text !== undefined);
  const rows = found.map((one) => [
    ...[one.class, one.probabilities[one.class]!.toFixed(4)],
    ...(labelled ? [one.label ?? ''] : []),
    ...(ofTexts ? [one.text!.trim(), one.unknown!.join(' ')] : [one.file ?? `${one.example}`]),
  ]);
  const head = [
    'class',
    'probability',
    ...(labelled ? ['label'] : []),
    ...(ofTexts ? ['text', 'unknown words'] : ['image']),
  ];
  const right = found.filter((one) => one.label === one.class).length;
  return `${table(head, rows)}${labelled ? `\n\n${right} of ${found.length} as labelled` : ''}`;
}

/** @throws UsageError when the file can't be read, FormatError when it is not UTF-8 */
async function linesOf(file: string): Promise<string[]> {
  const bytes = await readInput(file, '--file');
  return parseLines({ file, bytes }, 'utf-8').filter((line) => line.trim() !== '');
}
