import { ForgeError } from '@onnx-forge/infer';
import { readRegularFile } from '@onnx-forge/infer/node-files';
import { type Recipe, recipeOptions } from '../../recipe/recipe.js';
import { requireFittingSpace } from '../../sweep/check.js';
import { onFold } from '../../sweep/folds.js';
import { SWEEP_KEYS, type SweepSpec, sweepSchema } from '../../sweep/spec.js';
import type { TrainRequest } from '../../trainer/request.js';
import { messageOf, UsageError } from '../errors.js';
import { settingsSchema, type TrainSettings, toRequest } from '../options/settings.js';
import { given } from '../options/values.js';
import { chosenData } from './chosen-data.js';
import { issuePath, issueText } from './issue-text.js';
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
    throw refuse(issueText(issue, text.value, knownAt(issue.path)), text.lineOf(issuePath(issue)));
  }
  try {
    return { spec: result.data, request: await planSweep(result.data) };
  } catch (error) {
    if (!(error instanceof ForgeError)) throw error;
    const { place = [] } = error.data as { place?: readonly string[] };
    throw refuse(error.message, text.lineOf(place));
  }
}

/** The trainings of a sweep, in the trainer's words. @throws as {@link readSweepFile} */
export async function planSweep({ model, settings, space, folds }: SweepSpec): Promise<Omit<TrainRequest, 'out'>> {
  const recipe: Recipe = await findRecipe(model);
  const checked = settingsSchema.safeParse(settings);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    const within = { ...issue, path: ['settings', ...issue.path] } as typeof issue;
    throw new UsageError(issueText(within, { settings }, Object.keys(settingsSchema.shape)), {
      place: issuePath(within),
    });
  }
  const own = OWN.find((name) => Object.hasOwn(settings, name));
  if (own !== undefined)
    throw new UsageError(`settings.${own}: a sweep decides this itself (seeds: ...)`, { place: ['settings', own] });
  requireFittingSpace(space, recipe.options, recipe.name);
  const { data, resize, grey, columns, group, split, ...request } = given(toRequest(checked.data as TrainSettings));
  const twice = Object.keys(space).find((name) => Object.hasOwn(request.set ?? {}, name));
  if (twice !== undefined)
    throw new UsageError(`'${twice}' is both a setting and in the space: leave one of them`, {
      place: ['space', twice],
    });
  recipeOptions(recipe, request);
  const chosen = await chosenData({ data, resize, grey, columns, group, split });
  if (folds !== undefined) onFold(chosen, { index: 0, of: folds });
  return { ...request, ...given({ data: chosen }), recipe };
}

/** Settings that an object of the file has. */
function knownAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return SWEEP_KEYS;
  return path[0] === 'space' ? ['values', 'min', 'max', 'log', 'integer', 'points', 'when'] : [];
}
