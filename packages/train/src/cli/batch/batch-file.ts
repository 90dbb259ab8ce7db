import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkManifest, MANIFEST_FILE } from '@onnx-forge/infer';
import { asJson } from '@onnx-forge/infer/value-rule';
import { z } from 'zod';
import type { DataReference } from '../../data/data-set.js';
import type { Origin } from '../../run/checkpoint.js';
import { UsageError } from '../errors.js';
import { readInput } from '../inputs/input-file.js';
import { issuePath, issueText, valueAt } from '../inputs/issue-text.js';
import { parseSettings, type SettingsText } from '../inputs/settings-text.js';
import { BACKENDS, settingsSchema, type TrainSettings } from '../options/settings.js';
import { given } from '../options/values.js';

/** One run of a file: settings, and what to train where. */
export interface BatchFileEntry extends TrainSettings {
  readonly model: string;
  /** Run folder; default: the model's name in the folder of all runs. */
  readonly out?: string | undefined;
  /** Of `data`, when a manifest has it: other content is refused, and it is split as then. */
  readonly content?: Pick<DataReference, 'sha256' | 'splitRule'> | undefined;
}

/** Trainings that a `--config` file asks for. */
export interface ConfigFile {
  /** Of one run (its settings, or its manifest) single settings of the command line win; of a batch, the file's. */
  readonly form: 'run' | 'manifest' | 'batch';
  readonly entries: readonly BatchFileEntry[];
  /** An option of the recipe that an entry sets is wrong: the error with file and line. */
  refuseOption(entry: number, option: string, reason: string): UsageError;
}

const entrySchema = settingsSchema.extend({
  model: z.string("the name of a model, such as 'vae'").min(1, 'the name of a model'),
  out: z.string('a folder').min(1, 'a folder').optional(),
});
const batchSchema = z.strictObject(
  {
    defaults: settingsSchema.optional(),
    runs: z.array(entrySchema, 'a list of runs').min(1, 'a list of at least one run'),
  },
  'an object',
);

type Refuse = (reason: string, line?: number) => UsageError;

/**
 * Reads the settings of trainings, in YAML or JSON: of one run (`model: vae`, `epochs: 5` ...); of a batch
 * (`{"defaults": {"epochs": 5}, "runs": [{"model": "vae", "out": "runs/vae-20", "set": {"latentDim": 20}}]}`, where a run's own
 * settings win over `defaults`); or the manifest of a run, or its folder, to train the same again.
 *
 * @throws UsageError that names the file, the line, and the first thing in it that is wrong
 */
export async function readConfigFile(given: string): Promise<ConfigFile> {
  const isFolder = await stat(given).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(given, MANIFEST_FILE) : given;
  const refuse: Refuse = (reason, line) => {
    const place = line === undefined ? '' : `, line ${line}`;
    return new UsageError(`config file ${path}${place}: ${reason}`, { path, line });
  };
  const content = await readInput(path, 'config file');
  const text = parseSettings(content.toString('utf8'), refuse);
  const { value } = text;
  if (!isObject(value)) throw refuse(`it must hold an object of settings, not ${asJson(value)}`);
  const option = (at: readonly (readonly PropertyKey[])[]) => ({
    refuseOption: (entry: number, name: string, reason: string) => {
      const line = at
        .map((place) => placeOf(text, [...place.map((key) => (key === '*' ? entry : key)), name]))
        .find(Boolean);
      return refuse(reason, line);
    },
  });
  if (Object.hasOwn(value, 'graphs') && Object.hasOwn(value, 'serve')) {
    return { form: 'manifest', entries: [ofManifest(value, path)], ...option([['options']]) };
  }
  if (Object.hasOwn(value, 'runs') || Object.hasOwn(value, 'defaults')) {
    const { defaults = {}, runs } = checked(batchSchema, text, refuse) as {
      defaults?: TrainSettings;
      runs: BatchFileEntry[];
    };
    const entries = runs.map((run) => ({ ...defaults, ...run, set: { ...defaults.set, ...run.set } }));
    return {
      form: 'batch',
      entries,
      ...option([
        ['runs', '*', 'set'],
        ['defaults', 'set'],
      ]),
    };
  }
  if (!Object.hasOwn(value, 'model')) {
    throw refuse("it must have 'model' (the settings of one run) or 'runs' (a batch, a list of runs)");
  }
  return { form: 'run', entries: [checked(entrySchema, text, refuse)], ...option([['set']]) };
}

/** The line of a path, if the file has something there. */
function placeOf(text: SettingsText, path: readonly PropertyKey[]): number | undefined {
  return valueAt(text.value, path) === undefined ? undefined : text.lineOf(path);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The settings that a run was trained with. */
function ofManifest(value: object, path: string): BatchFileEntry {
  const manifest = checkManifest(value, path, { kinds: 'any' });
  const { model, data, seed, engine, device, options, steps, epochs, from, forms } = manifest;
  const { path: dataPath, options: how = {}, sha256, splitRule } = data.reference ?? {};
  const origin = from as Origin | undefined;
  const backend = BACKENDS.find((name) => device === `tfjs-${name}`);
  return {
    ...(how as Pick<TrainSettings, 'resize' | 'grey' | 'columns' | 'group' | 'split'>),
    ...given({ data: dataPath ?? data.name, from: origin?.run }),
    ...(data.reference && { content: { sha256, splitRule } }),
    ...(forms !== undefined && { forms: resolve(path) }),
    ...(origin && origin.anew.length > 0 && { fromExcept: origin.anew.join(',') }),
    ...{ model, seed, engine: engine as 'compiled' | 'eager', set: options },
    ...(engine === 'eager' && backend && { backend }),
    // It was ended before all epochs were done.
    ...(typeof options.epochs === 'number' && epochs < options.epochs && { maxSteps: steps }),
  };
}

function checked<T>(schema: z.ZodType<T>, text: SettingsText, refuse: Refuse): T {
  const result = schema.safeParse(text.value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw refuse(explain(issue, text.value), text.lineOf(issuePath(issue)));
}

function explain(issue: z.core.$ZodIssue, value: unknown): string {
  const isBatch = valueAt(value, ['runs']) !== undefined || valueAt(value, ['defaults']) !== undefined;
  const ofEntry = isBatch ? issue.path[0] === 'runs' : issue.path.length === 0;
  const schema = ofEntry ? entrySchema : issue.path.length > 0 ? settingsSchema : batchSchema;
  return issueText(issue, value, Object.keys(schema.shape));
}
