import { resolve } from 'node:path';
import type { DataReference } from '../data/data-set.js';
import { TrainError } from '../errors.js';
import { resolveOptions } from '../options/option.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Checkpoint, RunIdentity } from '../run/checkpoint.js';
import type { TrainRequest } from './request.js';

/** A run of an older version goes on with the splits that it was started with, also when its data are named again. */
export function asSplitBefore<Data>(data: Data | DataReference, { reference }: Checkpoint): Data | DataReference {
  if (!reference || !isReference(data) || data.splitRule === reference.splitRule) return data;
  const { splitRule: _, ...others } = data;
  return { ...others, ...(reference.splitRule ? { splitRule: reference.splitRule } : { splitRule: 'tenths' }) };
}

function isReference(data: unknown): data is DataReference {
  return typeof data === 'object' && data !== null && 'path' in data && !('splits' in data);
}

/**
 * A run goes on as what it was started as; only its length may change. Options that were not there when it was started have their
 * defaults, which change nothing.
 */
export function requireSameRun(recipe: Recipe, now: RunIdentity, then: Checkpoint, path: string): void {
  const defaults = resolveOptions(recipe.options, {}, recipe.name);
  const facts = ({ recipe, dataSet, seed, engine, options, reference }: RunIdentity) => {
    const { epochs: _, ...others } = { ...defaults, ...options };
    const own = { 'data options': JSON.stringify(reference?.options), 'data sha256': reference?.sha256 };
    return { recipe, dataSet, seed, engine, ...others, ...own } as Readonly<Record<string, unknown>>;
  };
  const [before, after] = [facts(then), facts(now)];
  const name = [...new Set([...Object.keys(before), ...Object.keys(after)])].find((key) => before[key] !== after[key]);
  if (name === undefined) return;
  const message = `${path} was started with ${name} = ${before[name]}, not ${after[name]}: resume it with the same, or start again with --force`;
  throw new TrainError('checkpoint-mismatch', message, { path, name, before: before[name], after: after[name] });
}

/** Whether nothing in a request says how long to train: then a resumed run keeps its length. */
export function saysNoLength({ recipe, maxSteps, preset, set = {} }: TrainRequest): boolean {
  const chosen = preset === undefined ? {} : recipe.presets[preset];
  return maxSteps === undefined && !('epochs' in { ...chosen, ...set });
}

export function requireSameOrigin(from: string | undefined, { from: origin }: Checkpoint, path: string): void {
  if (from === undefined || (origin !== undefined && resolve(from) === origin.run)) return;
  const began = origin === undefined ? 'without the weights of another run' : `from ${origin.run}`;
  const message = `${path} began ${began}, not from ${resolve(from)}: resume it with the same, or start again with --force`;
  throw new TrainError('checkpoint-mismatch', message, { path, before: origin?.run, after: resolve(from) });
}
