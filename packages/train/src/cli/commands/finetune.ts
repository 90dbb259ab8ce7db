import type { FineTuningSettings } from '../../finetune/fine-tuning.js';
import { FINE_TUNING_LOSSES, type FineTuningLoss } from '../../finetune/losses.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { UsageError } from '../errors.js';
import { GROUPS, pickSettings, settingOptions } from '../options/settings.js';
import { count, given, oneOf, positive, text } from '../options/values.js';
import { requireWritableFile, writeOutput } from '../output/files.js';
import { formatBytes } from '../output/format.js';

const FILE = 'The file:';

export const command: Command = defineCommand({
  details:
    'Trains an ONNX file of others (of PyTorch, Keras, a hub) further on images of your own, into a run folder like any other: with ' +
    'checkpoints, metrics, early stopping, exported graphs; eval, verify, classify and serve take it.\n\n' +
    'With cross-entropy the file becomes a classifier of your classes (--head N gives it a new last layer of N), with contrastive a ' +
    'model that places images as vectors, with mse one that gives numbers for images. Images come as numbers from 0 to 1 and are ' +
    'normalised by --mean and --std, as the file was trained; whether it has channels first is seen in it.\n\n' +
    '--lora R trains adapters of rank R (Hu et al. 2021) in place of the weights that --train names; the exported graphs have them ' +
    'merged. --adapters FILE saves what was trained apart from the file.',
  examples: [
    [
      'finetune resnet.onnx --data ./birds --resize 64x64 --head 12 --train "fc.*"',
      'a new last layer, all else as it is',
    ],
    [
      'finetune resnet.onnx --data ./birds --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225',
      'all weights; as torchvision normalises',
    ],
    ['finetune vit.onnx --data ./birds --head 12 --lora 8 --adapters birds.safetensors', 'adapters, saved apart too'],
    ['finetune faces.onnx --data ./people --loss contrastive --set margin=1', 'vectors of images'],
    ['finetune resnet.onnx --data ./birds --head 12 --resume', 'go on after an interruption'],
  ],
  positionals: { file: { type: 'string', demandOption: true, describe: 'ONNX file, or its URL' } },
  options: {
    loss: { ...oneOf('--loss', FINE_TUNING_LOSSES, 'What is minimised'), default: 'cross-entropy', group: FILE },
    train: {
      ...text(
        '--train',
        "Weights that are trained: names with commas between, * for any characters, such as 'fc.*,layer4.*'",
      ),
      defaultDescription: 'all',
      group: FILE,
    },
    head: { ...count('--head', 'Classes of a new last layer'), defaultDescription: "the file's own", group: FILE },
    lora: { ...count('--lora', 'Rank of adapters in place of the weights'), defaultDescription: 'none', group: FILE },
    alpha: {
      ...positive('--alpha', 'With --lora: the adapters count alpha / rank times'),
      defaultDescription: 'the rank',
      group: FILE,
    },
    adapters: { ...text('--adapters', 'With --lora: file to write the trained adapters to'), group: FILE },
    merged: {
      ...oneOf(
        '--merged',
        ['auto', 'split', 'keep'],
        'Weights that several nodes read, as exporters store equal ones once',
      ),
      defaultDescription: 'auto: those that are all one number are split',
      group: FILE,
    },
    mean: {
      ...text('--mean', 'Is taken from the images: a number, or one a channel with commas between'),
      defaultDescription: '0',
      group: FILE,
    },
    std: { ...text('--std', 'The images are divided by it, likewise'), defaultDescription: '1', group: FILE },
    size: { ...text('--size', 'WIDTHxHEIGHT of the images, where the file leaves them free'), group: FILE },
    ...settingOptions('what'),
    ...settingOptions('how'),
    out: { ...text('--out', 'Run folder'), alias: 'o', defaultDescription: 'runs/finetune', group: GROUPS.folder },
    resume: { type: 'boolean', describe: 'Go on with the run in the folder', group: GROUPS.folder },
    force: { type: 'boolean', describe: 'Replace the run in the folder', group: GROUPS.folder },
    ...settingOptions('folder'),
    ...settingOptions('after'),
  },
  async run(
    {
      file,
      loss,
      train,
      head,
      lora,
      alpha,
      adapters,
      merged,
      mean,
      std,
      size,
      out = 'runs/finetune',
      resume = false,
      force = false,
      ...others
    },
    context,
  ): Promise<Outcome> {
    if (resume && force) throw new UsageError('--resume goes on with a run and --force replaces it: give one of them');
    if (lora === undefined && (alpha ?? adapters) !== undefined) {
      throw new UsageError(`--${alpha === undefined ? 'adapters' : 'alpha'} goes with --lora RANK`);
    }
    const settings = pickSettings(others);
    if (lora !== undefined && settings.saveStep) {
      throw new UsageError('--save-step and --lora do not go together: exported graphs have the adapters merged');
    }
    if (settings.data === undefined && !resume) {
      throw new UsageError('finetune needs data to train on: --data PATH or a name', { file });
    }
    const { openFineTuning } = await import('../../finetune/fine-tuning.js');
    const { planRun } = await import('../batch/plan.js');
    const { trainAll } = await import('../batch/train-all.js');
    const { recipe, notes } = await openFineTuning(file, {
      loss: loss as FineTuningLoss,
      ...given({ merged: merged as FineTuningSettings['merged'] }),
    });
    for (const { message } of notes) context.progress.line(`${recipe.source}: ${message}`);
    const own = given({ train, head, lora, alpha, merged, mean, std, size });
    const plan = await planRun(recipe, out, { ...settings, set: { ...settings.set, ...own } }, { resume });
    if (adapters !== undefined) await requireWritableFile(adapters, context);
    const done = await trainAll([plan], { resume, extend: false, force }, context);
    const outcome = { ...done, json: { ...(done.json as object), notes } };
    if (adapters === undefined || outcome.exitCode) return outcome;
    const { runAdapters } = await import('../../actions/adapters.js');
    const bytes = await runAdapters({ recipe, run: out });
    await writeOutput(adapters, bytes);
    return {
      ...outcome,
      text: `${outcome.text}\nadapters    ${adapters} (${formatBytes(bytes.length)})`,
      json: { ...outcome.json, adapters },
    };
  },
});
