import { asciiWords, type Translation, type TranslatorModel } from '@onnx-forge/infer';
import { NON_NEGATIVE } from '@onnx-forge/infer/value-rule';
import { bleuOf, wordsOf } from '../../kinds/translator/measures/translation.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { openModelOf } from '../inputs/open-model.js';
import { exampleOptions, runExamples } from '../inputs/run-examples.js';
import { device } from '../options/shared-options.js';
import { count, numberBy, text } from '../options/values.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  details:
    'Greedy search takes the most probable word, one after the other; with --beam the search keeps several sentences ' +
    'and gives the most probable one that it meets, or, with --length-penalty A, the one with the largest log p over ((5 + length) / 6)^A. ' +
    'With --ensemble several runs write together: the mean of their log-probabilities decides each word.',
  examples: [
    ['translate runs/seq2seq "je suis en retard ."', 'one sentence'],
    [
      'translate runs/seq2seq "elle est trop petite ." "il a froid ." --beam 4 --json',
      'two; JSON has the attention too',
    ],
    ['translate runs/seq2seq --data ./pairs.tsv', 'the test split of a table, and its BLEU'],
    [
      'translate runs/seed-1 --ensemble runs/seed-2,runs/seed-3 --beam 5 --length-penalty 1 --data eng-fra',
      'three runs together',
    ],
  ],
  positionals: {
    run: { type: 'string', demandOption: true, describe: 'Run folder or URL' },
    text: { type: 'string', array: true, describe: 'Sentences, each in quotes' },
  },
  options: {
    beam: { ...count('--beam', 'Sentences that the search keeps'), default: 1 },
    'length-penalty': {
      ...numberBy(NON_NEGATIVE, '--length-penalty', 'How much a longer sentence may make up for its length'),
      default: 0,
    },
    ensemble: text('--ensemble', 'Further runs that write together with the first, comma-separated'),
    'max-length': { ...count('--max-length', 'Tokens of a translation at most'), defaultDescription: 'as in training' },
    ...exampleOptions,
    device,
  },
  async run(
    { run, text: words = [], beam, lengthPenalty, ensemble, maxLength, device, ...choice },
    context,
  ): Promise<Outcome> {
    if (lengthPenalty > 0 && beam === 1)
      throw new UsageError('--length-penalty chooses among the sentences of a search: give --beam 2 or more');
    const examples = await runExamples(run, choice, context);
    if (examples && words.length > 0) throw new UsageError('give sentences or --data, not both');
    const { source: texts = words, target } = examples?.split.texts ?? {};
    if (texts.length === 0) throw new UsageError('there is nothing to translate: give sentences, or --data');
    const open = (from: string) => openModelOf(['translator'], from, { device, otherwise: 'it does not translate' });
    await using model = await open(run);
    const others: TranslatorModel[] = [];
    try {
      for (const other of ensemble?.split(',') ?? []) others.push(await open(other));
      const options = { beam, lengthPenalty, ensemble: others, maxLength };
      const translations = await model.translate(texts, options);
      const bleu =
        target && bleuOf(translations.map((one, i) => ({ words: wordsOf(one), reference: asciiWords(target[i]!) })));
      const rows = translations.map((one, i) => [
        ...[one.sourceTokens.join(' '), one.text, one.logProb.toFixed(2)],
        ...(target ? [target[i]!] : []),
      ]);
      return {
        text: [
          table(['read as', 'translation', 'log p', ...(target ? ['should be'] : [])], rows),
          ...(bleu === undefined ? [] : [`BLEU-4 ${bleu.toFixed(1)}, ${texts.length} sentences`]),
        ].join('\n'),
        json: {
          run,
          ...(others.length > 0 && { ensemble: others.map(({ location }) => location) }),
          device: model.device,
          beam,
          lengthPenalty,
          ...(bleu !== undefined && { bleu }),
          translations: translations.map((one, i) => ({
            ...report(texts[i]!, one),
            ...(target && { target: target[i]! }),
          })),
        },
      };
    } finally {
      for (const other of others) await other.dispose();
    }
  },
});

function report(source: string, { attention, ...translation }: Translation): object {
  if (attention === undefined) return { source, ...translation };
  const { data, dims } = attention;
  const width = dims[1]!;
  const rows = translation.tokens.map((_, row) => Array.from(data.subarray(row * width, (row + 1) * width)));
  return { source, ...translation, attention: rows };
}
