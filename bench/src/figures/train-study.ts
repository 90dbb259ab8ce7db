import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { type AnyManifest, type DeviceRequest, load, loadManifest, type Model } from '@onnx-forge/infer';
import { recipes } from '@onnx-forge/models';
import { certifyRun, evaluateRun, type LogLine, type Measure, type Recipe, readLog, train } from '@onnx-forge/train';
import { translationTogether } from '@onnx-forge/train/kinds';
import { recipeOptions } from '@onnx-forge/train/recipe';
import { loadCheckpoint, type Origin, RunFolder } from '@onnx-forge/train/run';
import type { FigureManifest, FigureMetric, FigureRun } from './manifest.js';
import type { ArmSettings, Study, StudyMeasure } from './study.js';
import { numberOf } from './table.js';

export interface StudyRequest {
  /** Folder of all studies' run folders: `STUDY/ARM/seed-N`. */
  readonly out: string;
  readonly dataDir?: string;
  readonly threads?: number;
  /** Of training and evaluation; the manifests say which it was. */
  readonly device: DeviceRequest;
  /** Default: all of the study. */
  readonly seeds?: readonly number[];
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Settings of the runs of an arm, and their folders. */
interface Training {
  readonly study: string;
  readonly arm: string;
  readonly model: string;
  readonly data: string;
  readonly settings: ArmSettings;
  /** The study that trains them, if it is another. */
  readonly elsewhere?: string;
  /** Whose weights they begin with. */
  readonly from?: Training;
}

export function trainingOf(study: Study, name: string): Training {
  const { of, from, model = study.model, data = study.data, preset, set, maxSteps } = study.arms[name]!;
  if (of) return { ...trainingOf(of.study, of.arm), elsewhere: of.study.name };
  const settings = {
    ...(preset !== undefined && { preset }),
    ...(set && { set }),
    ...(maxSteps !== undefined && { maxSteps }),
  };
  const training = { study: study.name, arm: name, model, data, settings };
  return from ? { ...training, from: trainingOf(from.study, from.arm) } : training;
}

export const runFolder = (out: string, { study, arm }: Pick<Training, 'study' | 'arm'>, seed: number): string =>
  `${out}/${study}/${arm}/seed-${seed}`;

export async function recipeOf({ model }: Training): Promise<Recipe> {
  const read = (recipes as Readonly<Record<string, () => Promise<{ default: unknown }>>>)[model];
  if (read === undefined) throw new Error(`there is no recipe '${model}'`);
  return (await read()).default as Recipe;
}

/**
 * Trains what is not trained yet, goes on with what was interrupted, and measures what is not measured.
 *
 * @param arms default all
 * @returns false when it was interrupted
 */
export async function trainStudy(
  study: Study,
  request: StudyRequest,
  arms: readonly string[] = Object.keys(study.arms),
): Promise<boolean> {
  const { out, signal, say, seeds, ...where } = request;
  const judge = study.judge && {
    judge: runFolder(out, { study: study.judge[0], arm: study.judge[1] }, 1),
  };
  const all = study.together ? study.seeds.slice(0, 1) : study.seeds;
  for (const seed of all.filter((one) => seeds?.includes(one) ?? true)) {
    for (const name of arms) {
      if (signal.aborted) return false;
      const training = trainingOf(study, name);
      const recipe = await recipeOf(training);
      const run = runFolder(out, training, seed);
      const common = { recipe, ...where, ...judge, signal };
      // Where its evaluation is another than the recipe's, it follows below.
      const isUsual = study.evaluation === undefined && study.certificate === undefined && !study.together;
      const isEvaluated = isUsual && study.measures.some(({ logged }) => logged === undefined);
      if ((await finishedRun(run)) === undefined) {
        if (training.elsewhere !== undefined) {
          say(`${run}: not there yet; --only ${training.elsewhere} trains it`);
          continue;
        }
        const { settings, data, from } = training;
        const origin = from && runFolder(out, from, seed);
        if (origin !== undefined && (await finishedRun(origin)) === undefined) {
          say(`${run}: begins with ${origin}, which is not there yet; --only ${from!.study} trains it`);
          continue;
        }
        say(`${run}: training`);
        const options = { ...settings, data, out: run, seed, resume: true, figures: false, evaluate: isEvaluated };
        const { status, seconds } = await train({
          ...common,
          ...options,
          ...(origin !== undefined && { from: origin }),
        });
        if (status === 'interrupted') return false;
        say(`${run}: trained in ${seconds.toFixed(0)} s`);
        if (isUsual) continue;
      }
      const found = (await finishedRun(run))!;
      requireSame(recipe, run, found, training);
      if (missing(study, found.metrics as readonly FigureMetric[])) {
        say(`${run}: measuring`);
        if (study.together) await measureTogether(study, training, request);
        else if (study.certificate) await certifyRun({ ...where, signal, recipe, run, ...study.certificate });
        else await evaluateRun({ ...common, ...study.evaluation, run });
      }
    }
  }
  return true;
}

/** Measures the first seed's run with those of the other seeds; nothing while one of them is not there. */
async function measureTogether(
  study: Study,
  training: Training,
  { out, signal, say, ...where }: StudyRequest,
): Promise<void> {
  const [run, ...others] = study.seeds.map((seed) => runFolder(out, training, seed));
  for (const other of others) {
    if ((await finishedRun(other)) !== undefined) continue;
    say(`${other}: not there yet`);
    return;
  }
  const models: Model[] = [];
  try {
    for (const other of others) models.push(await load(other, { device: where.device }));
    const evaluate = translationTogether(models.filter((model) => model.kind === 'translator')) as Measure;
    await evaluateRun({ ...where, signal, recipe: { ...(await recipeOf(training)), evaluate }, run: run! });
  } finally {
    for (const model of models) await model.dispose();
  }
}

export async function finishedRun(run: string): Promise<AnyManifest | undefined> {
  return existsSync(`${run}/manifest.json`) ? loadManifest(run, { kinds: 'any' }) : undefined;
}

/** Whether an evaluation is missing; what is in the log is there. */
const missing = (study: Study, metrics: readonly FigureMetric[]): boolean =>
  study.measures.some((measure) => measure.logged === undefined && numberOf(study, measure, metrics) === undefined);

/** @throws Error when a folder holds a run of other settings */
function requireSame(recipe: Recipe, run: string, found: AnyManifest, { model, data, settings, from }: Training): void {
  const { preset, set, maxSteps } = settings;
  const wanted = recipeOptions(recipe, { preset, ...(set && { set }) });
  // An option that the recipe did not have yet has its default.
  const options = { ...recipeOptions(recipe), ...found.options };
  const origin = found.from as Origin | undefined;
  const same =
    found.model === model &&
    found.data.name.split('+')[0] === data &&
    (from ? origin?.run.includes(`/${from.study}/${from.arm}/`) : origin === undefined) &&
    isDeepStrictEqual(options, { ...wanted }) &&
    (maxSteps === undefined || found.steps === maxSteps);
  if (!same) throw new Error(`${run} was trained with other settings: remove it, or choose another --out`);
}

/** The study's figures with the runs that there are in `out`; arms without any stay as they were. */
export async function collect(study: Study, before: FigureManifest, out: string): Promise<FigureManifest> {
  const arms: Record<string, FigureManifest['arms'][string]> = {};
  for (const name of Object.keys(study.arms)) {
    const training = trainingOf(study, name);
    const recipe = await recipeOf(training);
    const runs: FigureRun[] = [];
    for (const seed of study.together ? study.seeds.slice(0, 1) : study.seeds) {
      const run = runFolder(out, training, seed);
      const found = await finishedRun(run);
      if (found === undefined || missing(study, found.metrics as readonly FigureMetric[])) continue;
      requireSame(recipe, run, found, training);
      const hours = study.hours ? await hoursOf(out, training, seed) : undefined;
      const metrics = [...evaluated(found, study), ...(await loggedIn(run, study))];
      runs.push({ ...runFacts(found), ...(hours !== undefined && { hours }), metrics });
    }
    const old = before.arms[name] ?? { runs: [] };
    // What lies elsewhere stays: another machine may have trained it.
    const kept = old.runs.filter(({ seed }) => !runs.some((one) => one.seed === seed));
    const all = [...kept, ...runs].toSorted((one, other) => one.seed - other.seed);
    arms[name] = all.length > 0 ? { runs: all } : old;
  }
  return { study: study.name, model: study.model, data: study.data, arms };
}

function runFacts(manifest: AnyManifest): Omit<FigureRun, 'metrics'> {
  const { seed, device, engine, steps, epochs, data, created } = manifest;
  return { seed, device, engine, steps, epochs, dataSet: data.name, created };
}

function evaluated(manifest: AnyManifest, study: Study): FigureMetric[] {
  const metrics = manifest.metrics as readonly FigureMetric[];
  const chosen = new Set(study.measures.map((measure) => numberOf(study, measure, metrics)));
  return metrics
    .filter((metric) => chosen.has(metric))
    .map(({ name, split, value, unit, samples, draws, standardError, drawError }) => ({
      ...{ name, split, value },
      ...(unit !== undefined && { unit }),
      ...(samples !== undefined && { samples }),
      ...(draws !== undefined && { draws }),
      ...(standardError !== undefined && { standardError }),
      ...(drawError !== undefined && { drawError }),
    }));
}

/** @throws Error when the log has no such number after the epoch */
async function loggedIn(run: string, { measures }: Study): Promise<FigureMetric[]> {
  const wanted = measures.filter(({ logged }) => logged !== undefined);
  if (wanted.length === 0) return [];
  const log = await readLog(new RunFolder(run).file('log'));
  const validations = log.filter(({ kind }) => kind === 'validation');
  return wanted.map((measure) => {
    const { name, split, logged } = measure;
    const value = lineOf(validations, measure)?.metrics[name];
    if (value === undefined) throw new Error(`${run}: the log has no ${name} of ${split} after epoch ${logged}`);
    return { name, split, value, logged: logged! };
  });
}

const lineOf = (validations: readonly LogLine[], { logged }: StudyMeasure): LogLine | undefined =>
  logged === 'last' ? validations.at(-1) : validations.find(({ epoch }) => epoch === logged);

/** Hours of training, without those between interruptions; with those of the run that it began with. */
async function hoursOf(out: string, training: Training, seed: number): Promise<number | undefined> {
  let seconds = 0;
  for (let of: Training | undefined = training; of; of = of.from) {
    const checkpoint = await loadCheckpoint(runFolder(out, of, seed));
    if (checkpoint === undefined) return undefined;
    seconds += checkpoint.seconds;
  }
  return Number((seconds / 3600).toFixed(2));
}
