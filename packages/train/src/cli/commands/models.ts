import type { Recipe } from '../../recipe/recipe.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { findRecipe, knownRecipes } from '../inputs/recipes.js';
import { table } from '../output/table.js';

export const command: Command = defineCommand({
  examples: [
    ['models', 'what can be trained'],
    ['models vae', 'one of them, with what each option accepts'],
    ['models --json', 'the same with every option, its default and what it accepts'],
  ],
  positionals: { name: { type: 'string', describe: 'Recipe to show; default: all' } },
  options: {},
  async run({ name }): Promise<Outcome> {
    const recipes = name === undefined ? await allRecipes() : [await findRecipe(name)];
    const described = name === undefined ? recipes.map(describe) : recipes.map(describeWhole);
    return {
      text: `${described.join('\n\n')}\n\nTrain ${name ?? 'one'} with: onnx-forge train ${name ?? 'NAME'} [--set OPTION=VALUE]`,
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

async function allRecipes(): Promise<Recipe[]> {
  const recipes = [];
  for (const read of Object.values(await knownRecipes())) recipes.push((await read()).default);
  return recipes;
}

/** A recipe with a line for each option. */
function describeWhole(recipe: Recipe): string {
  const { name, task, source, data, options, presets, figures } = recipe;
  const rows = Object.entries(options).map(([option, spec]) => [option, `${spec.default}`, spec.expects]);
  const sets = Object.entries(presets).map(
    ([preset, values]) =>
      `  ${preset}: ${Object.entries(values)
        .map(([option, value]) => `${option}=${value}`)
        .join(' ')}`,
  );
  return [
    `${name}: ${task}`,
    `  data     ${data.real} (real), ${data.embedded} (embedded: needs no files)`,
    ...(data.own === undefined ? [] : [`  own data ${data.own}`]),
    `  source   ${source}`,
    `  figures  ${Object.keys(figures).join(', ') || 'none'}`,
    '',
    table(['option', 'default', 'accepts'], rows),
    ...(sets.length > 0 ? ['', 'presets', ...sets] : []),
  ].join('\n');
}

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
