import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { GROUPS, pickSettings, settingOptions } from '../options/settings.js';
import { text } from '../options/values.js';

export const command: Command = defineCommand({
  details:
    'Trains one or several recipes (or your own recipe files) into run folders. Without --data a recipe trains on its ' +
    'embedded stand-in, generated from a seed: no files are needed. ' +
    "'onnx-forge data describe PATH' says what is found in data of your own. Several models are a batch: one that fails does " +
    'not stop the others, a table at the end shows all, and the exit code is 1 when any has failed.\n\n' +
    'Ctrl-C ends a run with a checkpoint (exit code 130) and says how to go on; a kill at any moment loses at most ' +
    'the time since the last checkpoint. The options of each model are listed by: onnx-forge models\n\n' +
    '--config takes YAML or JSON. The settings of one run, in camel case, over which this command line wins ' +
    "('onnx-forge config MODEL' prints all); the manifest of a run, to train the same again; or a batch, whose settings win over " +
    'this command line:\n' +
    '{"defaults": {"epochs": 5}, "runs": [{"model": "vae", "out": "runs/vae-20", "set": {"latentDim": 20}}]}',
  async helpOn(words) {
    const { findRecipe, knownRecipes } = await import('../inputs/recipes.js');
    const known = await knownRecipes();
    const recipes = await Promise.all(words.filter((word) => Object.hasOwn(known, word)).map(findRecipe));
    const lines = recipes.map(
      ({ name, task, data: { own } }) => `${name}: ${task}${own ? `\n  own data: ${own}` : ''}`,
    );
    return lines.length > 0 ? lines.join('\n') : undefined;
  },
  examples: [
    ['train vae', 'on generated digits, to runs/vae'],
    ['train vae --data real --epochs 20 --set latentDim=50', 'on the data of the paper, with another latent size'],
    ['train vae-conv --data ./my-images --resize 28x28 --grey', 'on your own images: a folder, or a folder a class'],
    ['train vae dcgan --epochs 2 --out tries', 'two runs: tries/vae and tries/dcgan'],
    ['train vae --epochs 100 --monitor validation.elbo --patience 5', 'until it no longer improves; exports the best'],
    ['train vae --log csv,tensorboard', 'curves for spreadsheets and for TensorBoard too'],
    ['train vae --resume', 'go on with the run in runs/vae'],
    [
      'train vae --from runs/vae --out runs/vae-slow --set learningRate=1e-4',
      'a new run that begins with the weights of runs/vae',
    ],
    ['train ./my-recipe.ts --engine eager --backend wasm', 'your own recipe, run by tfjs itself'],
    [
      'train --config vae.yaml --epochs 5',
      "the settings of a file that 'onnx-forge config vae' wrote, but for the epochs",
    ],
    ['train --config runs/vae/manifest.json -o again', 'the run runs/vae once more, into another folder'],
    ['train --config batch.json', 'many runs, each with its own settings'],
  ],
  positionals: { model: { type: 'string', array: true, describe: "Names from 'onnx-forge models', or recipe files" } },
  options: {
    config: {
      ...text(
        '--config',
        'Settings in a file (YAML or JSON; - for standard input): of one run, of many, or the manifest of a run',
      ),
      group: GROUPS.what,
    },
    ...settingOptions('what'),
    ...settingOptions('how'),
    out: {
      ...text('--out', 'Run folder; with several models the folder of their run folders'),
      alias: 'o',
      defaultDescription: 'runs/MODEL',
      group: GROUPS.folder,
    },
    resume: {
      type: 'boolean',
      describe: 'Go on with the run in the folder, to the length it began with; begin it where there is none',
      group: GROUPS.folder,
    },
    extend: {
      type: 'boolean',
      describe:
        'With --resume: go on to another --epochs or --max-steps than the run began with although its schedule (cosine) follows ' +
        'the length; the learning rate jumps, and the model is not that of one training of the new length',
      group: GROUPS.folder,
    },
    force: { type: 'boolean', describe: 'Replace the run in the folder', group: GROUPS.folder },
    ...settingOptions('folder'),
    ...settingOptions('after'),
  },
  async run(
    { model = [], config, out, resume = false, extend = false, force = false, ...others },
    context,
  ): Promise<Outcome> {
    if (resume && force) throw new UsageError('--resume goes on with a run and --force replaces it: give one of them');
    if (extend && !resume) throw new UsageError('--extend is for a run that goes on: give --resume too');
    // `--set a=1 b=2`: what looks like a setting is one, although it stands where a model could.
    const isSetting = (word: string) => /^[a-zA-Z]\w*=./.test(word);
    const strays = model.filter(isSetting).map((word) => word.split(/=(.*)/s).slice(0, 2));
    const { planRuns } = await import('../batch/plan.js');
    const { trainAll } = await import('../batch/train-all.js');
    const settings = pickSettings(others);
    const plans = await planRuns({
      models: model.filter((word) => !isSetting(word)),
      config,
      out,
      resume,
      settings: { ...settings, set: { ...Object.fromEntries(strays), ...settings.set } },
    });
    return trainAll(plans, { resume, extend, force }, context);
  },
});
