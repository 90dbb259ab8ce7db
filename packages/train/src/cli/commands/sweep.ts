import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { LAUNCHING, launchOptions } from '../options/launching.js';
import { text } from '../options/values.js';

const VERBS = ['status', 'best', 'figures', 'attach', 'cancel', 'summary', 'trial'] as const;
type Verb = (typeof VERBS)[number];

export const command: Command = defineCommand({
  details:
    'Trains a recipe with many settings, and finds the best of them by a measure on the validation split. A sweep file is ' +
    'YAML (or JSON):\n\n' +
    'model: vae\n' +
    'settings: {epochs: 5}          # of every training, as in a batch file\n' +
    'space:\n' +
    '  latentDim: [2, 10, 50]                             # a list\n' +
    '  learningRate: {min: 1e-4, max: 1e-2, log: true}    # a range; integer: true for whole numbers\n' +
    'search: random                 # grid, random or tpe\n' +
    'stopping: none                 # median or asha end poor trials early\n' +
    'target: validation.elbo        # the test split chooses nothing\n' +
    'trials: 20\n' +
    'seeds: 3                       # trainings a trial; its value is their mean\n' +
    'folds: 5                       # each on five folds of data of your own (settings: {data: PATH})\n\n' +
    'The same command goes on with a sweep that was interrupted, and repeats no trial that has ended. status shows where a ' +
    'sweep stands; best names the chosen trial; figures draws the sweep; attach waits for a sweep whose jobs a queue runs, and cancel ends them. ' +
    'trial and summary are what jobs run: one trial, and table and figures after the last one.',
  examples: [
    ['sweep vae.yaml --out sweeps/vae', 'all trials in this process, one after the other'],
    ['sweep vae.yaml --dry-run', 'the trials, and what they will cost'],
    ['sweep vae.yaml --launcher local --processes 4', 'four at a time'],
    ['sweep vae.yaml --launcher slurm --partition short --time 30:00', 'as a job array of Slurm'],
    ['sweep best sweeps/vae --evaluate', 'the chosen trial, and its measures on the test split'],
    ['sweep status sweeps/vae', 'how many have ended, the best so far, why some failed'],
  ],
  positionals: {
    what: { type: 'string', demandOption: true, describe: `A sweep file, or one of ${VERBS.join(', ')}` },
    folder: { type: 'string', describe: `A sweep folder: with ${VERBS.join(', ')}` },
    trial: { type: 'number', describe: 'A trial of it: with trial, which runs one' },
  },
  options: {
    out: { ...text('--out', 'The sweep folder'), alias: 'o', defaultDescription: 'sweeps/MODEL' },
    'dry-run': { type: 'boolean', describe: 'Only show the trials, and the time that they will take' },
    'retry-failed': {
      type: 'boolean',
      describe: 'Also try trials again that failed, with their settings, from the beginning',
    },
    evaluate: { type: 'boolean', describe: 'With best: measure the chosen trial on the test split' },
    ...launchOptions('trial', 'as the settings say; Slurm reserves 1'),
    print: {
      type: 'boolean',
      describe: 'Write the script for sbatch and show it, without submitting it',
      group: LAUNCHING,
    },
    probe: {
      type: 'boolean',
      describe: 'First have a task try whether nodes share the folder (slurm)',
      defaultDescription: 'true; --no-probe: not',
      group: LAUNCHING,
    },
    detach: { type: 'boolean', describe: 'Submit all trials and return (slurm)', group: LAUNCHING },
  },
  async run({ what, folder, trial, evaluate, ...options }, context): Promise<Outcome> {
    if (options.retryFailed && isVerb(what)) throw new UsageError('--retry-failed is for sweep FILE');
    if (evaluate && what !== 'best') throw new UsageError('--evaluate is for sweep best FOLDER');
    if (!isVerb(what)) {
      if (folder !== undefined) throw new UsageError(`sweep ${what} takes one sweep file, not '${folder}' beside it`);
      return (await import('../sweep/run.js')).runSweep(what, options, context);
    }
    if (folder === undefined) throw new UsageError(`sweep ${what} needs a sweep folder`);
    if ((what === 'trial') !== (trial !== undefined)) {
      throw new UsageError('sweep trial FOLDER NUMBER runs one trial; the other verbs take no number');
    }
    switch (what) {
      case 'status':
        return (await import('../sweep/results.js')).showStatus(folder);
      case 'best':
        return (await import('../sweep/results.js')).showBest(folder, evaluate ?? false, context);
      case 'figures':
        return (await import('../sweep/results.js')).drawFigures(folder);
      case 'attach':
        return (await import('../sweep/on-slurm.js')).attach(folder, context);
      case 'cancel':
        return (await import('../sweep/on-slurm.js')).cancel(folder, context);
      case 'summary':
        return (await import('../sweep/ended.js')).summarised(folder);
      default:
        return (await import('../sweep/run.js')).runOneTrial(folder, trial!, options.cpus, context);
    }
  },
});

function isVerb(word: string): word is Verb {
  return (VERBS as readonly string[]).includes(word);
}
