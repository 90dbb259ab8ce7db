import type { Recipe } from '../recipe.js';
import { type Command, defineCommand, type Outcome } from './command.js';
import { knownRecipes } from './recipes.js';

export const modelsCommand: Command = defineCommand({
  usage: 'models',
  summary: 'List the recipes: name, task, data sets, options, source',
  examples: [
    ['models', 'what can be trained'],
    ['models --json', 'the same with every option, its default and what it accepts'],
  ],
  positionals: {},
  options: {},
  async run(): Promise<Outcome> {
    const recipes = [];
    for (const read of Object.values(await knownRecipes())) recipes.push((await read()).default);
    return {
      text: `${recipes.map(describe).join('\n\n')}\n\nTrain one with: onnx-forge train NAME [--set OPTION=VALUE]`,
      json: {
        models: recipes.map(({ name, task, source, data, options, presets, figures }) => ({
          name,
          task,
          source,
          data,
          options: Object.fromEntries(
            Object.entries(options).map(([option, spec]) => [option, { default: spec.default, expects: spec.expects }]),
          ),
          presets,
          figures: Object.keys(figures),
        })),
      },
    };
  },
});

function describe({ name, task, source, data, options, presets }: Recipe): string {
  const defaults = Object.entries(options).map(([option, { default: value }]) => `${option}=${value}`);
  const lines = [
    `${name}: ${task}`,
    `  data     ${data.real} (real), ${data.embedded} (embedded: needs no files)`,
    `  options  ${defaults.join(' ')}`,
    `  source   ${source}`,
  ];
  const named = Object.keys(presets);
  if (named.length > 0) lines.splice(3, 0, `  presets  ${named.join(', ')}`);
  return lines.join('\n');
}
