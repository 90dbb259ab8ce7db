import { InputError, load, type TextClassifierModel } from '@onnx-forge/infer';
import { parseLines } from '../../data/formats/lines.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { readInput } from '../inputs/input-file.js';
import { device } from '../options/shared-options.js';
import { text as textOption } from '../options/values.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Cuts each text into tokens as training did, and prints its class, how probable the model holds that class to be, and ' +
    'the words that the model has never seen.',
  examples: [
    ['classify runs/text-cnn "not a very good film"', 'one text'],
    ['classify runs/text-cnn --file reviews.txt --json', 'every line of a file (UTF-8), for a program'],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    text: { type: 'string', array: true, describe: 'Texts, each in quotes' },
  },
  options: {
    file: textOption('--file', 'File with a text on each line, - for standard input; empty lines are left out'),
    device,
  },
  async run({ run, text: given, file, device }): Promise<Outcome> {
    const texts = [...(given ?? []), ...(file === undefined ? [] : await linesOf(file))];
    if (texts.length === 0)
      throw new UsageError('there is nothing to classify: give texts, or a file of them by --file');
    await using model = await load(run, { device });
    if (model.kind !== 'text-classifier') {
      throw new InputError(`${run} is of kind ${model.kind}: it classifies no texts`, { run, kind: model.kind });
    }
    const found = await classify(model, texts);
    return { text: show(found), json: { run, device: model.device, texts: found } };
  },
});

interface Classified {
  readonly text: string;
  readonly class: string;
  /** By class. */
  readonly probabilities: Readonly<Record<string, number>>;
  readonly unknown: readonly string[];
}

async function classify(model: TextClassifierModel, texts: readonly string[]): Promise<Classified[]> {
  const { classes } = model;
  const { probabilities, labels, unknown } = await model.classify(texts);
  return texts.map((text, row) => {
    const of = probabilities.data.subarray(row * classes.length, (row + 1) * classes.length);
    return {
      text,
      class: classes[labels[row]!]!,
      probabilities: Object.fromEntries(classes.map((name, i) => [name, of[i]!])),
      unknown: unknown[row]!,
    };
  });
}

function show(found: readonly Classified[]): string {
  const rows = found.map((one) => {
    const probability = one.probabilities[one.class]!.toFixed(4);
    return [one.class, probability, one.text.trim(), one.unknown.join(' ')];
  });
  return table(['class', 'probability', 'text', 'unknown words'], rows);
}

/** @throws UsageError when the file can't be read, FormatError when it is not UTF-8 */
async function linesOf(file: string): Promise<string[]> {
  const bytes = await readInput(file, '--file');
  return parseLines({ file, bytes }, 'utf-8').filter((line) => line.trim() !== '');
}
