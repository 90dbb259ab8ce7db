import type { Translation } from '@onnx-forge/infer';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { openModelOf } from '../inputs/open-model.js';
import { exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device } from '../options/shared-options.js';
import { count } from '../options/values.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Greedy search takes the most probable word, one after the other; with --beam the search keeps several sentences ' +
    'and gives the most probable one that it meets.',
  examples: [
    ['translate runs/seq2seq "je suis en retard ."', 'one sentence'],
    [
      'translate runs/seq2seq "elle est trop petite ." "il a froid ." --beam 4 --json',
      'two; JSON has the attention too',
    ],
    ['translate runs/seq2seq --data ./pairs.tsv', 'the test split of a table'],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    text: { type: 'string', array: true, describe: 'Sentences, each in quotes' },
  },
  options: {
    beam: { ...count('--beam', 'Sentences that the search keeps'), default: 1 },
    'max-length': { ...count('--max-length', 'Tokens of a translation at most'), defaultDescription: 'as in training' },
    ...exampleOptions,
    device,
  },
  async run({ run, text: words = [], beam, maxLength, device, ...choice }, context): Promise<Outcome> {
    const examples = await runExamples(run, choice, context);
    if (examples && words.length > 0) throw new UsageError('give sentences or --data, not both');
    const { source: texts = words, target } = examples?.split.texts ?? {};
    if (texts.length === 0) throw new UsageError('there is nothing to translate: give sentences, or --data');
    await using model = await openModelOf(['translator'], run, { device, otherwise: 'it does not translate' });
    const translations = await model.translate(texts, { beam, maxLength });
    return {
      text: table(
        ['read as', 'translation', 'log p', ...(target ? ['should be'] : [])],
        translations.map((one, i) => [
          ...[one.sourceTokens.join(' '), one.text, one.logProb.toFixed(2)],
          ...(target ? [target[i]!] : []),
        ]),
      ),
      json: {
        run,
        device: model.device,
        beam,
        translations: translations.map((one, i) => ({
          ...report(texts[i]!, one),
          ...(target && { target: target[i]! }),
        })),
      },
    };
  },
});

function report(source: string, { attention, ...translation }: Translation): object {
  if (attention === undefined) return { source, ...translation };
  const { data, dims } = attention;
  const width = dims[1]!;
  const rows = translation.tokens.map((_, row) => Array.from(data.subarray(row * width, (row + 1) * width)));
  return { source, ...translation, attention: rows };
}
