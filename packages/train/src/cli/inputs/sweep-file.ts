import { readRegularFile } from '@onnx-forge/infer/node-files';
import type { z } from 'zod';
import { type Recipe, recipeOptions } from '../../recipe/recipe.js';
import { requireFittingSpace } from '../../sweep/check.js';
import { SweepError } from '../../sweep/errors.js';
import { type SweepSpec, sweepSchema } from '../../sweep/spec.js';
import type { TrainRequest } from '../../trainer/request.js';
import { messageOf, UsageError } from '../errors.js';
import { settingsSchema, type TrainSettings, toRequest } from '../options/settings.js';
import { given } from '../options/values.js';
import { chosenData } from './chosen-data.js';
import { findRecipe } from './recipes.js';
import { parseSettings } from './settings-text.js';

/** Settings of a training that a sweep decides itself. */
const OWN = ['seed', 'evaluate', 'figures', 'samples', 'judge'] as const;

/** A sweep file with its recipe: everything checked that can be before anything runs. */
export interface PlannedSweep {
  readonly spec: SweepSpec;
  readonly request: Omit<TrainRequest, 'out'>;
}

/**
 * Reads a sweep file, YAML or JSON.
 *
 * @throws UsageError, SweepError (`sweep-invalid`), TrainError: naming the file, the line, and what is wrong there
 */
export async function readSweepFile(path: string): Promise<PlannedSweep> {
  const refuse = (reason: string, line?: number) =>
    new UsageError(`sweep file ${path}${line === undefined ? '' : `, line ${line}`}: ${reason}`, { path, line });
  const content = await readRegularFile(path).catch((error: unknown) => {
    throw refuse(`it can't be read: ${messageOf(error)}`);
  });
  const text = parseSettings(content.toString('utf8'), refuse);
  const result = sweepSchema.safeParse(text.value);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw refuse(explain(issue), text.lineOf(issue.path));
  }
  try {
    return { spec: result.data, request: await planSweep(result.data) };
  } catch (error) {
    if (error instanceof SweepError || error instanceof UsageError) throw refuse(error.message);
    throw error;
  }
}

/** The trainings of a sweep, in the trainer's words. @throws as {@link readSweepFile} */
export async function planSweep({ model, settings, space }: SweepSpec): Promise<Omit<TrainRequest, 'out'>> {
  const recipe: Recipe = await findRecipe(model);
  const checked = settingsSchema.safeParse(settings);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new UsageError(`settings: ${explain(issue)}`);
  }
  const own = OWN.find((name) => Object.hasOwn(settings, name));
  if (own !== undefined) throw new UsageError(`settings.${own}: a sweep decides this itself (seeds: ...)`);
  requireFittingSpace(space, recipe.options, recipe.name);
  const { data, resize, grey, columns, ...request } = given(toRequest(checked.data as TrainSettings));
  const twice = Object.keys(space).find((name) => Object.hasOwn(request.set ?? {}, name));
  if (twice !== undefined) throw new UsageError(`'${twice}' is both a setting and in the space: leave one of them`);
  recipeOptions(recipe, request);
  const chosen = await chosenData({ data, resize, grey, columns });
  return { ...request, ...given({ data: chosen }), recipe };
}

function explain(issue: z.core.$ZodIssue): string {
  const place = issue.path.map(String).join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return `${place} has no setting '${issue.keys[0]}'`;
  const wanted = /^Invalid input: expected (\S+?), received (\S+)/.exec(issue.message);
  if (wanted === null) return `${place}: ${issue.message}`;
  return wanted[2] === 'undefined' ? `${place} is missing` : `${place} must be of type ${wanted[1]}, not ${wanted[2]}`;
}
