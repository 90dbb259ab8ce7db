import { type Command, defineCommand, type Outcome } from '../command.js';
import { openModelOf } from '../inputs/open-model.js';
import { device, seed } from '../options/shared-options.js';
import { count, positive } from '../options/values.js';

export const command: Command = defineCommand({
  details:
    'Draws one token after another (characters, for the transformer). The model sees its last tokens only, as many as ' +
    'it was trained with: a longer prompt is seen from its end.',
  examples: [
    ['generate runs/transformer --prompt "ROMEO:\\n"', '300 characters of a part for Romeo'],
    ['generate runs/transformer --length 1000 --temperature 0.8 --top-k 20 --seed 3', 'more, and more careful'],
  ],
  positionals: { run: { type: 'string', demandOption: true, describe: 'Run folder or URL' } },
  options: {
    prompt: {
      type: 'string',
      requiresArg: true,
      describe: 'What to go on from; \\n is a line break',
      default: '\\n',
    },
    length: { ...count('--length', 'How many tokens to add'), default: 300 },
    temperature: {
      ...positive('--temperature', 'Below 1 keeps to what is likely, above 1 tries what is not'),
      default: 1,
    },
    'top-k': { ...count('--top-k', 'Draw from so many of the likeliest tokens only'), defaultDescription: 'all' },
    seed,
    device,
  },
  async run({ run, prompt, length, temperature, topK, seed, device }, { interruptible }): Promise<Outcome> {
    const otherwise = 'only a language model writes text';
    await using model = await openModelOf(['language-model'], run, { device, otherwise });
    const signal = interruptible('stopping');
    const from = prompt.replaceAll('\\n', '\n');
    const begin = performance.now();
    const text = await model.generate(from, { length, temperature, topK, seed, signal });
    const seconds = (performance.now() - begin) / 1000;
    const facts = { length, temperature, ...(topK !== undefined && { topK }), seed, tokensPerSecond: length / seconds };
    return { text: `${from}${text}`, json: { run, device: model.device, prompt: from, text, ...facts } };
  },
});
