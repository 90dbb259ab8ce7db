import { basename } from 'node:path';
import { tf } from '@onnx-forge/export';
import {
  hashOf,
  type ImportedModel,
  type ImportNote,
  type ImportOptions,
  importModel,
  type OnnxFiles,
  OnnxImportError,
} from '@onnx-forge/export/import';
import { readOnnxFiles } from '@onnx-forge/export/sources';
import { type ModelKind, Random } from '@onnx-forge/infer';
import { TrainError } from '../errors.js';
import type { Served } from '../kinds/served.js';
import {
  count,
  described,
  nonNegative,
  type OptionValue,
  type OptionValues,
  oneOf,
  positive,
} from '../options/option.js';
import { defineRecipe, type Recipe, recipeOptions } from '../recipe/recipe.js';
import { suggestion } from '../suggest.js';
import { imageInput } from './image-input.js';
import { ImportedNetwork } from './imported-network.js';
import { FINE_TUNING_LOSSES, type FineTuningLoss } from './losses.js';
import { classify } from './tasks/classify.js';
import { embed } from './tasks/embed.js';
import { regress } from './tasks/regress.js';
import type { Apply, Task, TaskFacts } from './tasks/task.js';

const TASKS: Readonly<Record<FineTuningLoss, Task>> = { 'cross-entropy': classify, contrastive: embed, mse: regress };

/** Choices of a fine-tuning; they are the defaults of the recipe's options, which every run may set. */
export interface FineTuningSettings {
  /** Default `cross-entropy`. */
  readonly loss?: FineTuningLoss;
  /** Weights that are trained: names with commas between, `*` stands for any characters. Default: all. */
  readonly train?: string;
  /** Rank of adapters that are trained in place of these weights; 0: none. */
  readonly lora?: number;
  /** The adapters' product counts alpha / rank times; 0: once. */
  readonly alpha?: number;
  /** Classes of a new last layer; 0: the file's own. */
  readonly head?: number;
  /** Weights that several nodes read: see `merged` of `importModel`. Default `auto`. */
  readonly merged?: NonNullable<ImportOptions['merged']>;
  readonly [option: string]: OptionValue | undefined;
}

type Options = OptionValues & {
  readonly train: string;
  readonly lora: number;
  readonly alpha: number;
  readonly head: number;
  readonly merged: NonNullable<ImportOptions['merged']>;
  readonly layout: 'auto' | 'nchw' | 'nhwc' | 'flat';
  readonly size: string;
  readonly mean: string;
  readonly std: string;
  readonly output: string;
  readonly target: string;
  readonly margin: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly learningRate: number;
};

/** The recipe's name. A run keeps its file, so that its recipe can be made again. */
export const FINE_TUNING = 'finetune';

/** The file in a run's folder `base`. */
export const BASE_FILE = 'model.onnx';

/**
 * The recipe that trains an ONNX file of others further, on images: `export default await fineTuning('theirs.onnx', { train: 'fc.*' })`.
 *
 * @param location a path, or an http(s) URL
 * @throws SavedModelError, OnnxImportError for files that can't be read; TrainError (`option-invalid`) for settings
 */
export async function fineTuning(location: string, settings: FineTuningSettings = {}): Promise<Recipe> {
  return (await openFineTuning(location, settings)).recipe;
}

/**
 * The recipe, and what one should know about the file before one trains it: merged weights, frozen batch normalisations, lost names.
 *
 * @throws as {@link fineTuning}
 */
export async function openFineTuning(
  location: string,
  settings: FineTuningSettings = {},
): Promise<{ readonly recipe: Recipe; readonly notes: readonly ImportNote[] }> {
  const files = await readOnnxFiles(location);
  const file = basename(location);
  const { external } = files;
  const { merged = 'auto' } = settings;
  const model = told(file, () => importModel(files.bytes, { external, merged }));
  model.dispose(); // looked at, not called
  return { recipe: recipeOf({ files, file, base: await hashOf(files), model }, settings), notes: model.report.notes };
}

/** A file with its name, for messages, its hash, and what it holds. */
interface Base {
  readonly files: OnnxFiles;
  readonly file: string;
  readonly base: string;
  readonly model: Pick<ImportedModel, 'inputs' | 'outputs' | 'outputShapes' | 'head'>;
}

function recipeOf({ files, file, base, model }: Base, settings: FineTuningSettings): Recipe {
  const { loss = 'cross-entropy', ...given } = settings;
  if (!Object.hasOwn(TASKS, loss)) {
    const message = `there is no loss '${loss}'${suggestion(loss, FINE_TUNING_LOSSES)}; there are ${FINE_TUNING_LOSSES.join(', ')}`;
    throw new TrainError('option-invalid', message, { loss });
  }
  const task = TASKS[loss];
  const about = factsOf(model, file);
  const facts = (options: object): TaskFacts => about(options as Options);
  const apply = (net: ImportedNetwork, options: object, how: Parameters<ImportedNetwork['outputs']>[1]): Apply => {
    const { input } = facts(options);
    return (x, values = []) => net.outputs(input.prepare(x), { ...how, values });
  };
  const recipe = defineRecipe({
    name: FINE_TUNING,
    task: `fine-tunes an ONNX file: ${task.says}`,
    source: file,
    data: { real: 'mnist', embedded: 'synthetic-digits', own: 'images in the size that the file takes, with classes' },
    options: {
      base: described(oneOf(base), 'SHA-256 of the file: other files are refused when a run goes on'),
      loss: described(oneOf(loss), 'What is minimised'),
      train: described(text('*'), 'Weights that are trained: names with commas between, * for any characters'),
      lora: described(count(0, 0), 'Rank of adapters that are trained in place of these weights; 0: none'),
      alpha: described(nonNegative(0), "The adapters' product counts alpha / rank times; 0: once"),
      head: described(count(0, 0), "Classes of a new last layer; 0: the file's own"),
      merged: described(
        oneOf('auto', 'split', 'keep'),
        'Weights that several nodes read: split those that are all the same number, all, or none',
      ),
      layout: described(oneOf('auto', 'nchw', 'nhwc', 'flat'), 'Axes of the images that the file takes'),
      size: described(text(''), 'WIDTHxHEIGHT of the images, where the file leaves them free'),
      mean: described(
        text('0'),
        'Is taken from the images (from 0 to 1): a number, or one a channel with commas between',
      ),
      std: described(text('1'), 'The images are divided by it: a number, or one a channel'),
      output: described(text(''), 'Output that is trained; empty: the first'),
      target: described(text('x'), 'With mse: field that the output is compared with; x: the image itself'),
      margin: described(positive(1), 'With contrastive: from which distance on pairs of two classes count no more'),
      optimizer: described(oneOf('adam', 'sgd'), 'Adam, or SGD with a momentum of 0.9'),
      learningRate: positive(1e-3),
      batchSize: 32,
      epochs: 5,
    },
    batch: (options, data) => task.batch(facts(options), data),
    ...(task.prepare && {
      prepare: (dataSet, options) => task.prepare!(dataSet, facts(options)),
    }),
    nets: (options, init, data) => {
      task.batch(facts(options), data);
      // A seed of the run's own stream, as each layer's initializer has one.
      const seed = Number(init.fanInUniform().getConfig().seed);
      const model = imported(files, file, options as unknown as Options, new Random(seed));
      return { model: new ImportedNetwork(model, files) };
    },
    steps: {
      tune: {
        updates: ['model'],
        optimizer: (options) => {
          const { optimizer, learningRate } = options as unknown as Options;
          if (optimizer === 'sgd') return tf.train.momentum(learningRate, 0.9);
          return tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
        },
        loss({ model }, batch, rng, options) {
          const uniform = (shape: readonly number[]) => rng.uniform(shape);
          return task.loss(model, apply(model, options, { uniform }), batch, facts(options));
        },
      },
    },
    serves({ model }, options, data) {
      // Of any kind, which the loss decides.
      return task.serves(model, apply(model, options, { training: false }), facts(options), data) as Served<ModelKind>;
    },
    keeps: { [BASE_FILE]: files.bytes, ...files.external },
    ...(task.kinds && { kinds: task.kinds }),
    evaluate: task.evaluate,
    figures: task.figures,
  });
  return withSettings(recipe, given);
}

/** The recipe with other defaults. @throws TrainError (`option-invalid`, `option-unknown`) */
function withSettings(recipe: Recipe, settings: Readonly<Record<string, OptionValue | undefined>>): Recipe {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const values = recipeOptions(recipe, { set: given });
  const changed = Object.keys(given).map((name) => [name, { ...recipe.options[name]!, default: values[name]! }]);
  return { ...recipe, options: { ...recipe.options, ...Object.fromEntries(changed) } };
}

/** The file as variables. @throws TrainError (`weights-unfit`) for patterns that fit no weight, with the nearest name */
function imported(files: OnnxFiles, file: string, options: Options, random: Random): ImportedModel {
  const { train, lora, alpha, head, merged } = options;
  return told(file, () =>
    importModel(files.bytes, {
      external: files.external,
      merged,
      trainable: train.split(',').map((pattern) => pattern.trim()),
      ...(lora > 0 && { lora: { rank: lora, ...(alpha > 0 && { alpha }), random: random.fork('adapters') } }),
      ...(head > 0 && { head: { classes: head, random: random.fork('head') } }),
    }),
  );
}

/** Names the file in what is said against it, and the weight that a pattern may mean. */
function told<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OnnxImportError)) throw error;
    const { pattern, names } = error.data as { readonly pattern?: string; readonly names?: readonly string[] };
    const message = `${file}: ${error.message}`;
    if (pattern === undefined || !names) throw new OnnxImportError(message, error.data, { cause: error });
    const hint = suggestion(pattern.replaceAll('*', ''), names);
    throw new TrainError('weights-unfit', `${message}${hint}`, error.data, { cause: error });
  }
}

/** A file's input and output by its options. */
function factsOf(
  { inputs, outputs, outputShapes, head: last }: Base['model'],
  file: string,
): (options: Options) => TaskFacts {
  return (options) => {
    const { output = outputs[0]! } = { ...(options.output !== '' && { output: options.output }) };
    if (!outputs.includes(output)) {
      const message = `${file} has no output '${output}'${suggestion(output, outputs)}; its outputs are ${outputs.join(', ')}`;
      throw new TrainError('option-invalid', message, { output, outputs });
    }
    const isFirst = output === outputs[0];
    const said = outputShapes[output]?.slice(1);
    const head = isFirst ? last : undefined;
    const width = head && (options.head || head.classes);
    const size = width !== undefined ? [width] : said;
    if (!size?.every((n) => typeof n === 'number')) {
      const message = `${file}: the size of output '${output}' is ${size ? `free ([${size.join(', ')}])` : 'not said'}: export it with a fixed one`;
      throw new TrainError('data-mismatch', message, { output });
    }
    return { file, input: imageInput({ inputs }, options), output, outputSize: size, features: head?.inputs, options };
  };
}

function text(value: string): { default: string; expects: string; accepts: (value: OptionValue) => boolean } {
  return { default: value, expects: 'a text', accepts: (given) => typeof given === 'string' };
}
