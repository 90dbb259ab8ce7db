import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type AnyManifest, type DeviceRequest, loadManifest } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { evaluateRun, type Recipe, train } from '@onnx-forge/train';
import { recipeOptions } from '@onnx-forge/train/recipe';
import type { FigureManifest, FigureMetric, FigureRun } from './manifest.js';
import type { Arm, Study } from './study.js';

export interface StudyRequest {
  /** Folder of all studies' run folders: `STUDY/ARM/seed-N`. */
  readonly out: string;
  readonly dataDir?: string;
  readonly threads?: number;
  /** Of training and evaluation; the manifests say which it was. */
  readonly device: DeviceRequest;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const runFolder = (out: string, study: string, arm: string, seed: number): string =>
  `${out}/${study}/${arm}/seed-${seed}`;

/** The recipe of a study. */
async function recipeOf({ model }: Study): Promise<Recipe> {
  const read = (recipes as Readonly<Record<string, () => Promise<{ default: unknown }>>>)[model];
  if (read === undefined) throw new Error(`there is no recipe '${model}'`);
  return (await read()).default as Recipe;
}

/**
 * Trains what is not trained yet, goes on with what was interrupted, and measures what is not measured.
 *
 * @returns false when it was interrupted
 */
export async function trainStudy(study: Study, { out, signal, say, ...where }: StudyRequest): Promise<boolean> {
  const recipe = await recipeOf(study);
  const judge = study.judge && { judge: runFolder(out, study.judge[0], study.judge[1], 1) };
  for (const seed of study.seeds) {
    for (const [name, arm] of Object.entries(study.arms)) {
      if (signal.aborted) return false;
      const run = runFolder(out, study.name, name, seed);
      const { label: _, ...settings } = arm;
      const common = { recipe, ...where, ...judge, signal };
      const found = await finishedRun(run);
      if (found === undefined) {
        say(`${run}: training`);
        const request = { ...common, ...settings, data: study.data, out: run, seed, resume: true, figures: false };
        const { status, seconds } = await train(request);
        if (status === 'interrupted') return false;
        say(`${run}: trained in ${seconds.toFixed(0)} s`);
        continue;
      }
      requireSame(recipe, run, found, study, arm);
      if (missing(study, found.metrics as readonly FigureMetric[])) {
        say(`${run}: measuring`);
        await evaluateRun({ ...common, run });
      }
    }
  }
  return true;
}

async function finishedRun(run: string): Promise<AnyManifest | undefined> {
  return existsSync(`${run}/manifest.json`) ? loadManifest(run, { kinds: 'any' }) : undefined;
}

const missing = ({ measures }: Study, metrics: readonly FigureMetric[]): boolean =>
  measures.some(({ name, split }) => !metrics.some((metric) => metric.name === name && metric.split === split));

/** @throws Error when a folder holds a run of other settings */
function requireSame(
  recipe: Recipe,
  run: string,
  found: AnyManifest,
  study: Study,
  { preset, set, maxSteps }: Arm,
): void {
  const wanted = recipeOptions(recipe, { preset, ...(set && { set }) });
  const same =
    found.model === study.model &&
    found.data.name.split('+')[0] === study.data &&
    isDeepStrictEqual({ ...found.options }, { ...wanted }) &&
    (maxSteps === undefined || found.steps === maxSteps);
  if (!same) throw new Error(`${run} was trained with other settings: remove it, or choose another --out`);
}

/** The study's figures with the runs that there are in `out`; arms without any stay as they were. */
export async function collect(study: Study, before: FigureManifest, out: string): Promise<FigureManifest> {
  const recipe = await recipeOf(study);
  const arms: Record<string, FigureManifest['arms'][string]> = {};
  for (const [name, arm] of Object.entries(study.arms)) {
    const runs: FigureRun[] = [];
    for (const seed of study.seeds) {
      const run = runFolder(out, study.name, name, seed);
      const found = await finishedRun(run);
      if (found === undefined || missing(study, found.metrics as readonly FigureMetric[])) continue;
      requireSame(recipe, run, found, study, arm);
      runs.push(runEntry(found, study));
    }
    const old = before.arms[name] ?? { runs: [] };
    // What lies elsewhere stays: another machine may have trained it.
    const kept = old.runs.filter(({ seed }) => !runs.some((one) => one.seed === seed));
    const all = [...kept, ...runs].toSorted((one, other) => one.seed - other.seed);
    arms[name] = all.length > 0 ? { runs: all } : old;
  }
  return { study: study.name, model: study.model, data: study.data, arms };
}

function runEntry(manifest: AnyManifest, { measures }: Study): FigureRun {
  const { seed, device, engine, steps, epochs, data, created } = manifest;
  const metrics = (manifest.metrics as readonly FigureMetric[])
    .filter((metric) => measures.some(({ name, split }) => metric.name === name && metric.split === split))
    .map(({ name, split, value, unit, samples, draws, standardError, drawError }) => ({
      ...{ name, split, value },
      ...(unit !== undefined && { unit }),
      samples,
      ...(draws !== undefined && { draws }),
      ...(standardError !== undefined && { standardError }),
      ...(drawError !== undefined && { drawError }),
    }));
  return { seed, device, engine, steps, epochs, dataSet: data.name, created, metrics };
}
