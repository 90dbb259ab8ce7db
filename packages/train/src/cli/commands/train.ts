import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { BACKENDS, DEVICES, ENGINES, type TrainSettings } from '../options/settings.js';
import { columns, dataDir, grey, judge, resize, samples } from '../options/shared-options.js';
import { count, integer, oneOf, settings, text } from '../options/values.js';

const what = { group: 'What to train:' };
const how = { group: 'How to train:' };
const folder = { group: 'The run folder:' };
const after = { group: 'After training:' };

export const trainCommand: Command = defineCommand({
  usage: 'train [model..]',
  summary: 'Train recipes: checkpoints, metrics, ONNX graphs, evaluation, figures',
  details:
    'Trains one or several recipes (or your own recipe files) into run folders. Without --data a recipe trains on its ' +
    'embedded stand-in, generated from a seed: no files are needed. ' +
    "'onnx-forge data describe PATH' says what is found in data of your own. Several models are a batch: one that fails does " +
    'not stop the others, a table at the end shows all, and the exit code is 1 when any has failed.\n\n' +
    'Ctrl-C ends a run with a checkpoint (exit code 130) and says how to go on; a kill at any moment loses at most ' +
    'the time since the last checkpoint. The options of each model are listed by: onnx-forge models\n\n' +
    'A batch file is JSON; a run has the settings of this command line, in camel case, and they win over it:\n' +
    '{"defaults": {"epochs": 5}, "runs": [{"model": "vae", "out": "runs/vae-20", "set": {"latentDim": 20}}]}',
  examples: [
    ['train vae', 'on generated digits, to runs/vae'],
    ['train vae --data real --epochs 20 --set latentDim=50', 'on the data of the paper, with another latent size'],
    ['train vae-conv --data ./my-images --resize 28x28 --grey', 'on your own images: a folder, or a folder a class'],
    ['train vae dcgan --epochs 2 --out tries', 'two runs: tries/vae and tries/dcgan'],
    ['train vae --resume', 'go on with the run in runs/vae'],
    ['train ./my-recipe.ts --engine eager --backend wasm', 'your own recipe, run by tfjs itself'],
    ['train --config batch.json', 'many runs, each with its own settings'],
  ],
  positionals: { model: { type: 'string', array: true, describe: "Names from 'onnx-forge models', or recipe files" } },
  options: {
    config: { ...text('--config', 'Batch file (JSON): many runs with settings of their own'), ...what },
    data: {
      ...text(
        '--data',
        "Your own data: a folder of images, or a .npy, .npz, .csv, .tsv, .jsonl or .txt file; or a name from 'data list' (a name wins over a path), or real or embedded for the recipe's own",
      ),
      defaultDescription: 'embedded',
      ...what,
    },
    resize: { ...resize, ...what },
    grey: { ...grey, ...what },
    columns: { ...columns, ...what },
    'data-dir': { ...dataDir, ...what },
    epochs: { ...count('--epochs', 'Passes over the training data'), ...what },
    'batch-size': { ...count('--batch-size', 'Examples per iteration'), ...what },
    'max-steps': { ...count('--max-steps', 'Stop after this many iterations in all'), ...what },
    set: { ...settings('--set', 'Set an option of the recipe: key=value (may be repeated)'), ...what },
    preset: { ...text('--preset', 'Named set of options of the recipe, such as small'), ...what },
    seed: {
      ...integer('--seed', 'Of weights, order of examples and noise: the same seed gives the same run'),
      defaultDescription: '1',
      ...what,
    },
    engine: {
      ...oneOf('--engine', ENGINES, 'What runs the steps'),
      defaultDescription: 'compiled',
      ...how,
    },
    device: {
      ...oneOf('--device', DEVICES, 'Of the compiled engine and of evaluation'),
      defaultDescription: 'auto',
      ...how,
    },
    backend: { ...oneOf('--backend', BACKENDS, 'tfjs backend of the eager engine'), ...how },
    threads: { ...count('--threads', 'Threads on the CPU', 1_024), defaultDescription: 'one per core', ...how },
    out: {
      ...text('--out', 'Run folder; with several models the folder of their run folders'),
      alias: 'o',
      defaultDescription: 'runs/MODEL',
      ...folder,
    },
    resume: {
      type: 'boolean',
      describe: 'Go on with the run in the folder; begin it where there is none',
      ...folder,
    },
    force: { type: 'boolean', describe: 'Replace the run in the folder', ...folder },
    'save-step': {
      type: 'boolean',
      describe: 'Write the compiled training step too: the run can be trained further without tfjs, in browsers too',
      ...folder,
    },
    samples: { ...samples, ...after },
    judge: { ...judge, ...after },
    evaluate: { type: 'boolean', describe: 'Measure the trained model (--no-evaluate: do not)', ...after },
    figures: { type: 'boolean', describe: 'Draw its figures (--no-figures: do not)', ...after },
  },
  async run({ model = [], config, out, resume = false, force = false, set, ...others }, context): Promise<Outcome> {
    if (resume && force) throw new UsageError('--resume goes on with a run and --force replaces it: give one of them');
    // `--set a=1 b=2`: what looks like a setting is one, although it stands where a model could.
    const isSetting = (word: string) => /^[a-zA-Z]\w*=./.test(word);
    const strays = model.filter(isSetting).map((word) => word.split(/=(.*)/s).slice(0, 2));
    const { planRuns } = await import('../batch/plan.js');
    const { trainAll } = await import('../batch/train-all.js');
    const plans = await planRuns({
      models: model.filter((word) => !isSetting(word)),
      config,
      out,
      settings: { ...pick(others), set: { ...Object.fromEntries(strays), ...set } },
    });
    return trainAll(plans, { resume, force }, context);
  },
});

/** Only what the trainer knows, out of all that yargs hands over. */
function pick(settings: TrainSettings): TrainSettings {
  const { data, resize, grey, columns, dataDir, preset, epochs, batchSize, maxSteps, seed } = settings;
  const { engine, device, backend, threads, saveStep, samples, judge, evaluate, figures } = settings;
  const what = { data, resize, grey, columns, dataDir, preset, epochs, batchSize, maxSteps, seed };
  return { ...what, engine, device, backend, threads, saveStep, samples, judge, evaluate, figures };
}
