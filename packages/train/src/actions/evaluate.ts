import type { Device, DeviceRequest, LogLikelihood, Model } from '@onnx-forge/infer';
import type { DataReference, DataSet, SplitName } from '../data/data-set.js';
import { requireExamples } from '../data/sound.js';
import { TrainError } from '../errors.js';
import { Judge } from '../kinds/generative/judge.js';
import type { LikelihoodWork, Measure, Measurement } from '../measures/measure.js';
import type { Recipe } from '../recipe/recipe.js';
import { RunFolder } from '../run/folder.js';
import { recordMeasurements } from '../run/manifest.js';
import type { OnEvent } from '../trainer/events.js';
import { loadRun } from './load-run.js';
import { runData } from './run-data.js';

export interface EvaluateRequest {
  readonly recipe: Recipe;
  /** The run folder. */
  readonly run: string;
  /** Default: the data that the run was trained on. */
  readonly data?: string | DataReference | DataSet;
  readonly dataDir?: string;
  /** Default `test`. */
  readonly split?: SplitName;
  /** Monte-Carlo samples per example; default: the recipe's choice. */
  readonly samples?: number;
  /** Examples that log p(x) is estimated for; default: the recipe's choice. */
  readonly examples?: number;
  /** Default 1. */
  readonly seed?: number;
  /** The run of the classifier that reads generated images; default: the run `classifier` beside this one. */
  readonly judge?: string;
  /** Estimates log p(x) in place of the model's own method: see `evaluateInShards`. */
  readonly logLikelihood?: (work: LikelihoodWork) => Promise<LogLikelihood>;
  readonly device?: DeviceRequest;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: OnEvent;
}

/** Measures a trained run with its recipe's evaluation, on its exported graphs; the manifest records the numbers. */
export async function evaluateRun(request: EvaluateRequest): Promise<readonly Measurement[]> {
  const { evaluate } = request.recipe;
  if (!evaluate) return [];
  return (await measureRun(request, () => evaluate)).measurements;
}

/** Numbers of a run, with what they were measured on. */
export interface MeasuredRun {
  readonly measurements: readonly Measurement[];
  readonly data: DataSet;
  readonly seed: number;
  readonly device: Device;
}

/**
 * Measures a trained run on its exported graphs; the manifest records the numbers.
 *
 * @param measureOf the measure of such a model; throws when there is none
 */
export async function measureRun(request: EvaluateRequest, measureOf: (model: Model) => Measure): Promise<MeasuredRun> {
  const {
    recipe,
    run,
    split = 'test',
    samples,
    examples,
    seed = 1,
    device = 'auto',
    threads,
    logLikelihood,
    signal,
    onEvent = () => {},
  } = request;
  const where = { device, ...(threads !== undefined && { threads }) };
  await using model = await loadRun(recipe, run, where);
  const measure = measureOf(model);
  const onNotice = (text: string) => onEvent({ type: 'notice', text });
  await using judge = new Judge({ run, judge: request.judge, device: where, onAbsent: onNotice });
  const { data, options } = await runData(recipe, model.manifest, { ...request, split });
  requireExamples(data, split);
  const all = await measure(model, data, {
    split,
    options,
    ...(samples !== undefined && { samples }),
    ...(examples !== undefined && { examples }),
    ...(logLikelihood && { logLikelihood }),
    ...(signal && { signal }),
    judge: (image) => judge.for(image),
    seed,
    onNotice,
    onProgress: (detail, fraction) => onEvent({ type: 'phase', phase: 'evaluate', detail, fraction }),
  });
  // With the test split, its default, a measure may give the validation split's number beside; who named a split wants that one.
  const asked = request.split === undefined ? all : all.filter((one) => one.split === split);
  const measurements = asked.map((one) => ({ ...withKnownErrors(one), dataSet: data.name }));
  requireFinite(measurements, run);
  for (const measurement of measurements) onEvent({ type: 'measurement', measurement });
  const about = { dataSet: data.name, seed, device: model.device };
  await recordMeasurements(new RunFolder(run), model.manifest, measurements, about);
  return { measurements, data, seed, device: model.device };
}

const ERRORS: readonly string[] = ['standardError', 'drawError'] satisfies readonly (keyof Measurement)[];

/** The measurement without errors that are not known, such as the standard error over one example. */
function withKnownErrors(measurement: Measurement): Measurement {
  const known = Object.entries(measurement).filter(([name, value]) => !ERRORS.includes(name) || Number.isFinite(value));
  return Object.fromEntries(known) as unknown as Measurement;
}

/** A number that is none has no place in a manifest: JSON would make it null, and the run could not be read again. */
function requireFinite(measurements: readonly Measurement[], run: string): void {
  const wrong = measurements.find(({ value }) => !Number.isFinite(value));
  if (wrong === undefined) return;
  const { name, value, split } = wrong;
  const message = `${run}: the evaluation gave ${name} = ${value} on the ${split} split; its numbers are not recorded`;
  throw new TrainError('not-finite', message, { run, metric: name, split });
}
