import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { TrainError } from '../../errors.js';
import { type Command, defineCommand, type Outcome } from '../command.js';
import { CommandError, UsageError } from '../errors.js';
import { shapes } from '../inputs/shapes.js';
import { given, text } from '../options/values.js';
import { requireWritableFolder } from '../output/files.js';

export const command: Command = defineCommand({
  details:
    'A run folder: copies what serving needs, the graphs and the manifest, without checkpoint and logs.\n\n' +
    'The model.json of a tfjs layers model or graph model, a file or a URL: writes model.onnx and signature.json ' +
    '(names, types and shapes of all inputs and outputs, in their order; sizes that the model leaves open stay free), ' +
    'and compares the graph with tfjs on random inputs. The model.json of a Keras 3 model too, Sequential or functional.\n\n' +
    'An ONNX file with --adapters FILE: the adapters that finetune --adapters saved, merged into its weights.\n\n' +
    'Layers of your own: --import names the module, JavaScript or TypeScript, that registers them ' +
    '(tf.serialization.registerClass, with the tf of @onnx-forge/export).',
  examples: [
    ['export runs/vae -o public/vae', 'a folder to put on a web server'],
    ['export my-model/model.json -o my-model-onnx', 'your own model'],
    ['export unet/model.json --shape image=1,256,256,3', 'with fixed sizes'],
    ['export vit.onnx --adapters birds.safetensors -o birds', 'an ONNX file with adapters, merged'],
    ['export https://example.com/blazeface/model.json', 'by URL, into the folder blazeface-onnx'],
  ],
  positionals: {
    source: { type: 'string', demandOption: true, describe: 'Run folder, model.json or ONNX file (a file or a URL)' },
  },
  options: {
    out: { ...text('--out', 'Folder to write to'), alias: 'o', defaultDescription: 'NAME-onnx' },
    shape: shapes,
    import: text('--import', 'Module that registers layers of your own, such as ./layers.ts'),
    adapters: text('--adapters', 'File of adapters for an ONNX file'),
    check: {
      type: 'boolean',
      default: true,
      describe: 'Compare an exported model with tfjs (--no-check: do not)',
    },
    force: { type: 'boolean', default: false, describe: 'Write over another run in the folder' },
  },
  async run({ source, out, shape, import: module, adapters, check, force }): Promise<Outcome> {
    const isFolder = !isUrl(source) && (await isDirectory(source));
    const path = isUrl(source) ? new URL(source).pathname : resolve(source);
    const folder = out ?? `${basename(isFolder ? path : dirname(path)) || 'model'}-onnx`;
    await requireNoRun(folder, force);
    if (adapters !== undefined && (isFolder || !path.endsWith('.onnx'))) {
      throw new UsageError('--adapters is for an ONNX file', { source });
    }
    if (isFolder) {
      if (shape ?? module)
        throw new UsageError('--shape and --import are for a model.json, not for a run folder', { source });
      const { exportRun } = await import('../export/publish.js');
      await requireWritableFolder(folder);
      return exportRun(source, folder);
    }
    if (adapters !== undefined) {
      const { exportAdapted } = await import('../export/export-model.js');
      await requireWritableFolder(folder);
      return exportAdapted(source, adapters, folder, { check, ...given({ shapes: shape }) });
    }
    if (!path.endsWith('.json')) {
      const message = `${source} is neither a run folder, nor the model.json of a saved model, nor an ONNX file with --adapters`;
      throw new CommandError('source-unknown', message, { source });
    }
    const { exportTfjs } = await import('../export/export-model.js');
    await requireWritableFolder(folder);
    return exportTfjs(source, folder, { check, ...given({ shapes: shape, module }) });
  },
});

function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** @throws ForgeError (`source-missing`) when there is nothing of that name */
async function isDirectory(source: string): Promise<boolean> {
  const entry = await stat(source).catch(() => undefined);
  if (entry) return entry.isDirectory();
  throw new CommandError('source-missing', `there is no run folder or file ${source}`, { source });
}

/** A run's manifest names its graphs: another run's files over them would make neither. */
async function requireNoRun(folder: string, force: boolean): Promise<void> {
  const { RunFolder } = await import('../../run/folder.js');
  if (force || !(await new RunFolder(folder).holdsRun())) return;
  const message = `${folder} holds a run already: write over its graphs by --force, or choose another --out`;
  throw new TrainError('run-exists', message, { folder });
}
