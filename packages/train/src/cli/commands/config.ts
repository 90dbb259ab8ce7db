import { type Command, defineCommand, type Outcome } from '../command.js';
import { findRecipe } from '../inputs/recipes.js';
import { text } from '../options/values.js';

export const command: Command = defineCommand({
  details:
    'Prints all settings of a training as YAML: of each its meaning, what it accepts and its default. Change what you like and ' +
    "give the file to 'onnx-forge train --config FILE'; settings of the command line win over it.",
  examples: [
    ['config vae > vae.yaml', 'all settings of the recipe vae'],
    ['config vae-conv --preset small > small.yaml', 'with a preset of the recipe'],
  ],
  positionals: {
    model: { type: 'string', demandOption: true, describe: "A name from 'onnx-forge models', or a recipe file" },
  },
  options: { preset: text('--preset', 'Named set of options of the recipe, such as small') },
  async run({ model, preset }): Promise<Outcome> {
    const { recipeOptions } = await import('../../recipe/recipe.js');
    const { settingsYaml } = await import('../batch/settings-yaml.js');
    const recipe = await findRecipe(model);
    const options = recipeOptions(recipe, { preset });
    const { epochs, batchSize, ...set } = options;
    return {
      text: (await settingsYaml({ model, recipe, options })).trimEnd(),
      json: { model, epochs, batchSize, set },
    };
  },
});
