import { z } from 'zod';
import { readRegularFile } from '../../data/read-file.js';
import { suggestion } from '../../suggest.js';
import { messageOf, UsageError } from '../errors.js';
import { settingsSchema, type TrainSettings } from '../options/settings.js';

/** One run of a batch file: settings, and what to train where. */
export interface BatchEntry extends TrainSettings {
  readonly model: string;
  /** Run folder; default: the model's name in the folder of all runs. */
  readonly out?: string | undefined;
}

const entrySchema = settingsSchema.extend({
  model: z.string("the name of a model, such as 'vae'").min(1, 'the name of a model'),
  out: z.string('a folder').min(1, 'a folder').optional(),
});
const fileSchema = z.strictObject({
  defaults: settingsSchema.optional(),
  runs: z.array(entrySchema, 'a list of runs').min(1, 'a list of at least one run'),
});

/**
 * Reads a batch: `{"defaults": {"epochs": 5}, "runs": [{"model": "vae", "out": "runs/vae-20", "set": {"latentDim": 20}}]}`.
 * A run's own settings win over `defaults`.
 *
 * @throws UsageError that names the file and the first thing in it that is wrong
 */
export async function readBatchFile(path: string): Promise<BatchEntry[]> {
  const refuse = (reason: string) => new UsageError(`batch file ${path}: ${reason}`, { path });
  const content = await readRegularFile(path).catch((error: unknown) => {
    throw refuse(`it can't be read: ${messageOf(error)}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    throw refuse(`it is not JSON: ${(error as Error).message}`);
  }
  const result = fileSchema.safeParse(json);
  if (!result.success) throw refuse(explain(result.error.issues[0]!, json));
  const { defaults = {}, runs } = result.data as { defaults?: TrainSettings; runs: BatchEntry[] };
  return runs.map((run) => ({ ...defaults, ...run, set: { ...defaults.set, ...run.set } }));
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}

/** A value as JSON, its beginning if it is long; undefined if there is none. */
function shown(value: unknown): string | undefined {
  try {
    const text = JSON.stringify(value) as string | undefined;
    return text !== undefined && text.length > 60 ? `${text.slice(0, 60)}...` : text;
  } catch {
    return 'something that is nested too deeply';
  }
}

function explain(issue: z.core.$ZodIssue, json: unknown): string {
  const where = issue.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const place = where.replace(/^\./, '') || 'the file';
  if (issue.code !== 'unrecognized_keys') {
    const wanted = issue.message.replace(/^Invalid (input: expected|option: expected) (.*?)(, received .*)?$/, '$2');
    const given = shown(valueAt(json, issue.path));
    const must = `must be ${wanted === 'object' ? 'an object' : wanted}`;
    return given === undefined ? `${place} is missing: it ${must}` : `${place} ${must}, not ${given}`;
  }
  const keys = Object.keys(
    issue.path[0] === 'runs' ? entrySchema.shape : issue.path.length > 0 ? settingsSchema.shape : fileSchema.shape,
  );
  const unknown = issue.keys[0]!.slice(0, 60);
  return `${place} has no setting '${unknown}'${suggestion(unknown, keys) || `; settings: ${keys.join(', ')}`}`;
}
