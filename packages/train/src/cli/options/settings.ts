import type { DeviceRequest } from '@onnx-forge/infer';
import {
  BOOLEAN,
  COUNT,
  NON_NEGATIVE,
  oneOf as oneOfNames,
  TEXT,
  type ValueRule,
  wholeNumber,
} from '@onnx-forge/infer/value-rule';
import type { Options } from 'yargs';
import { z } from 'zod';
import type { EngineName } from '../../engine/engine.js';
import type { Direction } from '../../metrics/direction.js';
import { SINK_NAMES, type SinkName } from '../../metrics/sinks/names.js';
import { schemaOf } from '../../options/schema.js';
import type { Backend } from '../../tfjs-backend.js';
import { UsageError } from '../errors.js';
import { DEVICES } from './devices.js';
import { dataDir, judge, ownData, samples, split } from './shared-options.js';
import { numberBy, oneOf, settings, someOf, text } from './values.js';

/** Settings of one training, on the command line or in a batch file. All optional: the trainer has defaults. */
export interface TrainSettings {
  readonly data?: string | undefined;
  readonly resize?: string | undefined;
  readonly grey?: boolean | undefined;
  readonly columns?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly preset?: string | undefined;
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  readonly epochs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly maxSteps?: number | undefined;
  readonly seed?: number | undefined;
  readonly from?: string | undefined;
  readonly fromExcept?: string | undefined;
  readonly engine?: EngineName | undefined;
  readonly device?: DeviceRequest | undefined;
  readonly backend?: Backend | undefined;
  readonly threads?: number | undefined;
  readonly forms?: string | undefined;
  readonly monitor?: string | undefined;
  readonly direction?: Direction | undefined;
  readonly patience?: number | undefined;
  readonly minDelta?: number | undefined;
  readonly log?: readonly SinkName[] | undefined;
  readonly saveStep?: boolean | undefined;
  readonly samples?: number | undefined;
  readonly judge?: string | undefined;
  readonly evaluate?: boolean | undefined;
  readonly figures?: boolean | undefined;
}

const ENGINES: readonly EngineName[] = ['compiled', 'eager'];
export const BACKENDS: readonly Backend[] = ['tensorflow', 'webgpu', 'wasm', 'cpu'];
const DIRECTIONS: readonly Direction[] = ['higher', 'lower'];

/** Headings of the settings in the help of `train`. */
export const GROUPS = {
  what: 'What to train:',
  how: 'How to train:',
  folder: 'The run folder:',
  after: 'After training:',
} as const;

/** Values of a setting, on the command line and in a batch file. */
interface SettingType<T> {
  /** For people: `a whole number of at least 1`. */
  readonly accepts: string;
  readonly schema: z.ZodType<T>;
  option(flag: string, says: string): Options;
}

export interface Setting<T = unknown> {
  readonly type: SettingType<T>;
  readonly group: keyof typeof GROUPS;
  readonly says: string;
  /** The value when none is given, in words. */
  readonly otherwise: string;
  /** The same as it is written, where it does not depend on anything. */
  readonly value?: T;
}

function number(rule: ValueRule<number>): SettingType<number> {
  return { accepts: rule.expects, schema: schemaOf(rule), option: (flag, says) => numberBy(rule, flag, says) };
}

function choice<const T extends string>(choices: readonly T[]): SettingType<T> {
  const rule = oneOfNames(choices);
  return { accepts: rule.expects, schema: schemaOf(rule), option: (flag, says) => oneOf(flag, choices, says) };
}

function choices<const T extends string>(names: readonly T[]): SettingType<readonly T[]> {
  const option = (flag: string, says: string) => someOf(flag, names, says);
  const { expects: accepts } = option('', '');
  return { accepts, schema: z.array(z.enum(names, accepts), `a list of ${accepts}`), option };
}

const count = number(COUNT);

const name: SettingType<string> = { accepts: TEXT.expects, schema: schemaOf(TEXT), option: text };

const flag: SettingType<boolean> = {
  accepts: BOOLEAN.expects,
  schema: schemaOf(BOOLEAN),
  option: (_, describe) => ({ type: 'boolean', describe }),
};

const recipeOptions: SettingType<Readonly<Record<string, unknown>>> = {
  accepts: 'an object of options',
  schema: z.record(
    z.string(),
    z.union([z.number(), z.boolean(), z.string()], 'a number, true or false, or a text'),
    'an object of options',
  ),
  option: settings,
};

/** Every setting of a training: of it come the options of `train`, the schema of batch files, and docs/settings.md. */
export const SETTINGS: { readonly [K in keyof TrainSettings]-?: Setting<NonNullable<TrainSettings[K]>> } = {
  data: {
    type: name,
    group: 'what',
    says: "Your own data: a folder of images, or a .npy, .npz, .csv, .tsv, .jsonl, .parquet or .txt file, or a .tar, .tgz or .zip of these; or a name from 'data list' (a name wins over a path), or real or embedded for the recipe's own",
    otherwise: 'embedded',
    value: 'embedded',
  },
  resize: { type: name, group: 'what', says: ownData.resize.describe, otherwise: 'as they are' },
  grey: { type: flag, group: 'what', says: ownData.grey.describe, otherwise: 'false' },
  columns: { type: name, group: 'what', says: ownData.columns.describe, otherwise: 'their names' },
  group: { type: name, group: 'what', says: ownData.group.describe, otherwise: 'each example is alone' },
  split: { type: name, group: 'what', says: split.describe, otherwise: 'train=.8,validation=.1,test=.1' },
  dataDir: { type: name, group: 'what', says: dataDir.describe, otherwise: dataDir.defaultDescription },
  epochs: { type: count, group: 'what', says: 'Passes over the training data', otherwise: "the recipe's" },
  batchSize: { type: count, group: 'what', says: 'Examples per iteration', otherwise: "the recipe's" },
  maxSteps: {
    type: count,
    group: 'what',
    says: 'Stop after this many iterations in all',
    otherwise: 'all epochs',
  },
  set: {
    type: recipeOptions,
    group: 'what',
    says: 'Set an option of the recipe: key=value (may be repeated)',
    otherwise: "the recipe's defaults",
  },
  preset: {
    type: name,
    group: 'what',
    says: 'Named set of options of the recipe, such as small',
    otherwise: 'none',
  },
  seed: {
    type: number(wholeNumber()),
    group: 'what',
    says: 'Of weights, order of examples and noise: the same seed gives the same run',
    otherwise: '1',
    value: 1,
  },
  from: {
    type: name,
    group: 'what',
    says: 'Begin with the weights of this run (its folder); of the same recipe, it also has the defaults of data, options, seed and engine',
    otherwise: 'new weights',
  },
  fromExcept: {
    type: name,
    group: 'what',
    says: "With --from, weights that begin anew: names with commas between, * for any characters, such as 'decoder/*'",
    otherwise: 'none',
  },
  engine: {
    type: choice(ENGINES),
    group: 'how',
    says: 'What runs the steps',
    otherwise: 'compiled',
    value: 'compiled',
  },
  device: {
    type: choice(DEVICES),
    group: 'how',
    says: 'Of the compiled engine and of evaluation',
    otherwise: 'auto',
    value: 'auto',
  },
  backend: { type: choice(BACKENDS), group: 'how', says: 'tfjs backend of the eager engine', otherwise: 'cpu' },
  threads: {
    type: number(wholeNumber({ least: 1, most: 1_024 })),
    group: 'how',
    says: 'Threads on the CPU',
    otherwise: 'one per core',
  },
  forms: {
    type: name,
    group: 'how',
    says: "How operations are written that can be in several ways: default (estimated), measured (the fastest here, by a second of trials), or a run's manifest.json, for its very bits",
    otherwise: 'default',
    value: 'default',
  },
  monitor: {
    type: name,
    group: 'how',
    says: 'Export the weights of the epoch that is best by this metric, such as validation.elbo or train.elbo/loss; none: the last ones',
    otherwise: 'none',
  },
  direction: {
    type: choice(DIRECTIONS),
    group: 'how',
    says: 'Values of the monitored metric that are better',
    otherwise: "by the metric's name",
  },
  patience: {
    type: count,
    group: 'how',
    says: 'Stop after this many epochs without an improvement of the monitored metric',
    otherwise: 'all epochs',
  },
  minDelta: {
    type: number(NON_NEGATIVE),
    group: 'how',
    says: 'The least change of the monitored metric that is an improvement, for --patience',
    otherwise: '0',
  },
  log: {
    type: choices(SINK_NAMES),
    group: 'folder',
    says: 'Write the log in these forms; metrics.jsonl is always there',
    otherwise: 'jsonl',
  },
  saveStep: {
    type: flag,
    group: 'folder',
    says: 'Write the compiled training step too: the run can be trained further without tfjs, in browsers too',
    otherwise: 'false',
    value: false,
  },
  samples: { type: count, group: 'after', says: samples.describe, otherwise: "the measure's own" },
  judge: { type: name, group: 'after', says: judge.describe, otherwise: judge.defaultDescription },
  evaluate: {
    type: flag,
    group: 'after',
    says: 'Measure the trained model (--no-evaluate: do not)',
    otherwise: 'true',
    value: true,
  },
  figures: {
    type: flag,
    group: 'after',
    says: 'Draw its figures (--no-figures: do not)',
    otherwise: 'true',
    value: true,
  },
};

const NAMES = Object.keys(SETTINGS) as readonly (keyof TrainSettings)[];

/** `--data-dir` of `dataDir`. */
export function flagOf(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** yargs options of the settings of a group; {@link pickSettings} reads them. */
export function settingOptions(group: keyof typeof GROUPS): Readonly<Record<never, never>> {
  const ofGroup = NAMES.filter((name) => SETTINGS[name].group === group);
  const options = ofGroup.map((name): [string, Options] => {
    const { type, says, otherwise } = SETTINGS[name];
    const flag = flagOf(name);
    return [flag.slice(2), { ...type.option(flag, says), defaultDescription: otherwise, group: GROUPS[group] }];
  });
  return Object.fromEntries(options);
}

/** Only the settings, out of all that yargs hands over; each was checked by its option. */
export function pickSettings(args: object): TrainSettings {
  return Object.fromEntries(NAMES.map((name) => [name, (args as Readonly<Record<string, unknown>>)[name]]));
}

/** The settings as a batch file has them. */
export const settingsSchema: z.ZodObject<{ readonly [K in keyof TrainSettings]-?: z.ZodType<TrainSettings[K]> }> =
  z.strictObject(
    Object.fromEntries(NAMES.map((name) => [name, SETTINGS[name].type.schema.optional()])) as unknown as {
      readonly [K in keyof TrainSettings]-?: z.ZodType<TrainSettings[K]>;
    },
  );

/** The settings in the trainer's words. @throws UsageError when two of them contradict each other */
export function toRequest(given: TrainSettings): TrainSettings {
  const { epochs, batchSize, set = {}, backend, engine, ...others } = given;
  const options: Record<string, unknown> = { ...set };
  for (const [option, value] of Object.entries({ epochs, batchSize })) {
    if (value === undefined) continue;
    if (Object.hasOwn(set, option))
      throw new UsageError(`'${option}' is given twice: as an option of its own and by --set`);
    options[option] = value;
  }
  if (backend !== undefined && engine === 'compiled') {
    throw new UsageError(
      `--backend ${backend} is for the eager engine: use --engine eager, or --device with the compiled one`,
    );
  }
  if (given.fromExcept !== undefined && given.from === undefined) {
    throw new UsageError('--from-except names weights of --from RUN that begin anew: give --from too');
  }
  if (given.saveStep && (engine === 'eager' || backend !== undefined)) {
    throw new UsageError('--save-step is for the compiled engine: the eager one has no graph of its step');
  }
  if ((given.forms ?? 'default') !== 'default' && (engine === 'eager' || backend !== undefined)) {
    throw new UsageError('--forms is for the compiled engine: the eager one has no graph of its step');
  }
  return { ...others, set: options, backend, engine: engine ?? (backend === undefined ? undefined : 'eager') };
}
