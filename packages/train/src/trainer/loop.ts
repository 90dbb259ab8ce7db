import {
  type ImageEntry,
  LatentVariableModel,
  type ModelOf,
  openDevice,
  type Random,
  type Tensor,
} from '@onnx-forge/infer';
import { type BatchPosition, TrainingBatches } from '../data/batches.js';
import type { DataSet } from '../data/data-set.js';
import { subset } from '../data/fields.js';
import type { Engine } from '../engine/engine.js';
import { DIVERGED, TrainError } from '../errors.js';
import { imageGrid } from '../figures/images.js';
import { watchedBy } from '../kinds/monitor.js';
import type { Served } from '../kinds/served.js';
import type { MeasureRequest } from '../measures/measure.js';
import type { Logs } from '../metrics/logs.js';
import { Meter } from '../metrics/meter.js';
import type { OptionValues } from '../options/option.js';
import { learningRateFactor } from '../options/training.js';
import { augmentations } from '../recipe/inputs.js';
import type { Recipe, SnapshotSchedule, Step } from '../recipe/recipe.js';
import type { CheckpointName, Progress, RunIdentity } from '../run/checkpoint.js';
import { saveCheckpoint } from '../run/checkpoint.js';
import type { RunFolder } from '../run/folder.js';
import { liveModel } from '../run/live-model.js';
import type { RunLock } from '../run/lock.js';
import { manifestOf } from '../run/manifest.js';
import { saveSnapshot } from '../run/snapshots.js';
import type { Callbacks } from './callbacks/callbacks.js';
import type { OnEvent, TrainEvent } from './events.js';
import { Pace } from './pace.js';

/** Images in a snapshot: 8 rows of 8. */
const SNAPSHOT_COUNT = 64;
/** Validation examples that a model is tried on after its last update. */
const CHECKED_EXAMPLES = 256;

export interface LoopOptions {
  readonly folder: RunFolder;
  readonly lock: RunLock;
  readonly logs: Logs;
  readonly callbacks: Callbacks;
  readonly identity: RunIdentity;
  readonly recipe: Recipe;
  readonly served: Served;
  readonly engine: Engine;
  /** With the recipe's inputs as fields. */
  readonly data: DataSet;
  readonly batchSize: number;
  readonly epochs: number;
  readonly maxSteps: number;
  /** Source of random numbers for the engine. */
  readonly stepRandom: Random;
  /** Threads of an operator of the model that is measured; default: one per physical core. */
  readonly threads: number | undefined;
  readonly logEvery: number;
  readonly checkpointSeconds: number;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: OnEvent;
}

/** Training from where it stands to its end: iterations, validation, log, snapshots, checkpoints. */
export class TrainingLoop {
  readonly #options: LoopOptions;
  readonly #batches: TrainingBatches;
  readonly #batchesPerStep: number;
  readonly #schedule: SnapshotSchedule;
  readonly #line: Meter;
  readonly #epoch: Meter;
  readonly #pace: Pace;
  #step: number;
  #seconds: number;
  #clock = performance.now();
  #lastCheckpoint = performance.now();
  /** The iteration after which the weights that no step moves were given their values. */
  #settled = -1;
  /** Iteration of the last validation; -1: none yet. */
  #validated = -1;
  /** Graphs exported so far, with the weights of then. */
  readonly #exportedGraphs = new Set<string>();
  #lastTrain: Readonly<Record<string, number>> = {};
  #lastValidation: Readonly<Record<string, number>> = {};

  /** Ready to begin, or to go on from a checkpoint whose arrays the engine holds already. */
  constructor(options: LoopOptions, from?: Progress) {
    const { identity, recipe } = options;
    this.#options = options;
    this.#batches = trainingBatches(options, from?.position);
    this.#batchesPerStep = batchesPerIteration(recipe, identity.options);
    this.#schedule = recipe.snapshots(identity.options);
    this.#line = new Meter(from?.meters.line);
    this.#epoch = new Meter(from?.meters.epoch);
    this.#pace = new Pace(this.stepsPerEpoch);
    this.#step = from?.step ?? 0;
    this.#seconds = from?.seconds ?? 0;
  }

  /** Iterations done. */
  get step(): number {
    return this.#step;
  }

  get steps(): number {
    return Math.min(this.#options.maxSteps, this.#options.epochs * this.stepsPerEpoch);
  }

  get stepsPerEpoch(): number {
    return this.#batches.batchesPerEpoch / this.#batchesPerStep;
  }

  get seconds(): number {
    return this.#seconds;
  }

  /** The last training means and validation metrics. */
  get metrics(): Readonly<Record<string, number>> {
    return { ...this.#lastTrain, ...this.#lastValidation };
  }

  /** Trains to the end, or until the signal aborts. A checkpoint is written either way. */
  async run(): Promise<'finished' | 'interrupted'> {
    const { callbacks, signal } = this.#options;
    this.#tick();
    this.#emitStart();
    if (this.#step === 0) {
      if (watchedBy(this.#options.recipe)) await this.#validate(0);
      if (this.#schedule.atSteps?.includes(0)) await this.#snapshot();
      await this.#keepBest();
      // At once, so that a run that is killed early can be resumed too.
      await this.#checkpoint();
    }
    while (this.#step < this.steps && !callbacks.stopped && !signal?.aborted) await this.#iterate();
    const finished = this.#step >= this.steps || callbacks.stopped !== undefined;
    if (finished) await this.#settle();
    if (finished && !this.#snapshotDue()) await this.#snapshot();
    if (finished) await this.#checkModel();
    await this.#checkpoint();
    return finished ? 'finished' : 'interrupted';
  }

  async #iterate(): Promise<void> {
    const { callbacks, epochs, engine, recipe, identity, logEvery, checkpointSeconds } = this.#options;
    const { epoch } = this.#batches.position();
    engine.scaleLearningRates(learningRateFactor(identity.options, this));
    const meter = new Meter();
    await this.#batches.ready();
    let { fields } = this.#batches.next();
    for (const [name, step] of Object.entries(recipe.steps)) {
      for (let time = 0; time < timesOf(step, identity.options); time++) {
        if (time > 0) {
          await this.#batches.ready();
          ({ fields } = this.#batches.next());
        }
        const values = await engine.run(name, fields);
        for (const [metric, value] of Object.entries(values)) {
          if (!Number.isFinite(value)) throw this.#notFinite(`step '${name}'`, metric, value, this.#step + 1);
          meter.add({ [`${name}/${metric}`]: value });
        }
      }
    }
    const metrics = meter.take();
    this.#step++;
    this.#line.add(metrics);
    this.#epoch.add(metrics);
    this.#tick();
    this.#pace.add(this.#step);
    const { step, steps } = this;
    const { msPerStep } = this.#pace;
    const etaSeconds = this.#pace.secondsLeft(step, steps);
    this.#emit({ type: 'step', step, steps, epoch: epoch + 1, epochs, metrics, msPerStep, etaSeconds });

    const epochDone = this.#batches.position().index === 0;
    const last = this.#step === steps || callbacks.stopped !== undefined;
    if (this.#step % logEvery === 0 || epochDone || last) await this.#logTrain();
    if (epochDone) await this.#endEpoch(epoch + 1);
    if (this.#snapshotDue()) await this.#snapshot();
    const late = performance.now() - this.#lastCheckpoint > 1000 * checkpointSeconds;
    const kept = await this.#keepBest();
    if (epochDone || late || kept) await this.#checkpoint();
  }

  /** Writes the checkpoint that a callback asked for; the last one, which tells of it, must follow. */
  async #keepBest(): Promise<boolean> {
    const best = this.#options.callbacks.takeBest(this.#step, this.#epochsDone());
    if (best) await this.#checkpoint('best');
    return best !== undefined;
  }

  /** To whom it shows, then to those that decide. */
  #emit(event: TrainEvent): void {
    this.#options.onEvent(event);
    this.#options.callbacks.on(event);
  }

  #emitStart(): void {
    const { identity, engine, epochs } = this.#options;
    const { recipe, options, dataSet, seed } = identity;
    const { step, steps, stepsPerEpoch } = this;
    const about = { recipe, options: { ...options }, dataSet, seed, engine: engine.name, device: engine.device };
    this.#emit({ type: 'start', ...about, step, steps, stepsPerEpoch, epochs });
  }

  /** Counts the time since the last call as training. */
  #tick(): void {
    const now = performance.now();
    this.#seconds += (now - this.#clock) / 1000;
    this.#clock = now;
  }

  /** Epochs done, with the fraction of the one under way. */
  #epochsDone(): number {
    return this.#step / this.stepsPerEpoch;
  }

  async #logTrain(): Promise<void> {
    const metrics = this.#line.take();
    this.#lastTrain = metrics;
    await this.#options.logs.append({ kind: 'train', step: this.#step, epoch: this.#epochsDone(), metrics });
  }

  async #endEpoch(epoch: number): Promise<void> {
    const { epochs } = this.#options;
    const train = this.#epoch.take();
    const validation = await this.#validate(epoch);
    this.#emit({ type: 'epoch', epoch, epochs, step: this.#step, train, validation });
  }

  async #validate(epoch: number): Promise<Readonly<Record<string, number>>> {
    const { served, recipe, data } = this.#options;
    const measures = [served.validation, watchedBy(recipe)].filter((measure) => measure !== undefined);
    if (measures.length === 0) return {};
    await this.#settle();
    const metrics = await this.#withModel('validation', async (model) => {
      const measured = [];
      for (const measure of measures) measured.push(...(await measure(model, data, this.#request())));
      return Object.fromEntries(measured.map(({ name, value }) => [name, value]));
    });
    this.#validated = this.#step;
    this.#requireFinite('validation', metrics);
    await this.#options.logs.append({ kind: 'validation', step: this.#step, epoch, metrics });
    this.#lastValidation = metrics;
    this.#emit({ type: 'validation', step: this.#step, epoch, metrics });
    return metrics;
  }

  /** The run's seed at every validation: equal draws, so differences are the model's. An interruption waits for its end. */
  #request(): MeasureRequest {
    const { identity } = this.#options;
    return { split: 'validation', seed: identity.seed, options: identity.options };
  }

  /** The loss of the last iteration is that of the weights before it: those after it must give finite numbers, too. */
  async #checkModel(): Promise<void> {
    const { served, data } = this.#options;
    const { validation } = served;
    if (!validation || this.#validated === this.#step) return;
    const some = subset(data.splits.validation, 0, Math.min(data.splits.validation.size, CHECKED_EXAMPLES));
    const fewer = { ...data, splits: { ...data.splits, validation: some } };
    const requireFinite = (graph: string, outputs: Outputs) => {
      const wrong = firstWrong(outputs, Number.isFinite);
      if (wrong) throw this.#notFinite(`the trained model's '${graph}'`, wrong.output, wrong.value, this.#step);
    };
    await this.#withModel('validation', (model) => validation(model, fewer, this.#request()), requireFinite);
  }

  #requireFinite(what: string, metrics: Readonly<Record<string, number>>): void {
    for (const [metric, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) throw this.#notFinite(what, metric, value, this.#step);
    }
  }

  async #settle(): Promise<void> {
    const { served } = this.#options;
    if (!served.settle || this.#settled === this.#step) return;
    const epoch = trainingBatches(this.#options).restOfEpoch();
    await this.#withModel('validation', async (model) => served.settle?.(model, epoch));
    this.#settled = this.#step;
  }

  #snapshotDue(): boolean {
    const { everySteps, atSteps = [], atEpochs = [] } = this.#schedule;
    const every = everySteps !== undefined && this.#step > 0 && this.#step % everySteps === 0;
    return every || atSteps.includes(this.#step) || atEpochs.includes(this.#epochsDone());
  }

  async #snapshot(): Promise<void> {
    const { served, identity, folder, logs } = this.#options;
    const what = 'a sample of the model';
    const samples = await this.#withModel(what, async (model) =>
      model instanceof LatentVariableModel ? model.sample(SNAPSHOT_COUNT, { seed: identity.seed }) : undefined,
    );
    if (samples === undefined) return;
    const images = samples.images.data;
    const wrong = images.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw this.#notFinite(what, 'pixel', wrong, this.#step);
    const snapshot = { step: this.#step, epoch: this.#epochsDone(), count: SNAPSHOT_COUNT, images };
    const file = await saveSnapshot(folder, snapshot);
    const { image } = served.serve as { readonly image?: ImageEntry };
    if (logs.takesImages && image) {
      const { png } = imageGrid(images, image, { columns: 8 });
      await logs.image({ name: 'snapshots', step: this.#step, png });
    }
    this.#emit({ type: 'snapshot', step: this.#step, file });
  }

  /**
   * Works with the model of now. Its methods refuse NaN, and so does this, as a training that diverged.
   *
   * @param what names the work in the message
   */
  async #withModel<T>(
    what: string,
    work: (model: ModelOf) => Promise<T>,
    check: (graph: string, outputs: Outputs) => void = () => {},
  ): Promise<T> {
    const { engine, served, identity, data, threads } = this.#options;
    await engine.writeBack();
    const about = { identity, served, data, device: engine.device, steps: this.#step, epochs: this.#epochsDone() };
    const chosen = { checkpoint: 'last', step: this.#step, epoch: this.#epochsDone() } as const;
    const manifest = manifestOf({ ...about, chosen, graphs: {}, metrics: [] });
    let last: Outputs = {};
    await using model = liveModel(served, manifest, await openDevice({ device: 'cpu', threads }), {
      exported: this.#exportedGraphs,
      onOutputs: (graph, outputs) => {
        last = outputs;
        check(graph, outputs);
      },
    });
    try {
      // The trainer pairs a recipe's functions with its own models alone, whatever their kind.
      return await work(model as ModelOf);
    } catch (error) {
      const wrong = firstWrong(last, (value) => !Number.isNaN(value));
      if (error instanceof TrainError || wrong === undefined) throw error;
      throw this.#notFinite(what, wrong.output, wrong.value, this.#step);
    }
  }

  async #checkpoint(name: CheckpointName = 'last'): Promise<void> {
    const { engine, folder, lock, logs, callbacks, identity, stepRandom } = this.#options;
    this.#tick();
    lock.requireHeld();
    const progress = {
      ...identity,
      step: this.#step,
      position: this.#batches.position(),
      random: stepRandom.state(),
      sinks: await logs.flush(),
      ...callbacks.progress(),
      meters: { line: this.#line.state(), epoch: this.#epoch.state() },
      seconds: this.#seconds,
      steps: this.steps,
    };
    const file = await saveCheckpoint(folder.path, { ...progress, state: await engine.state() }, name);
    if (name === 'last') this.#lastCheckpoint = performance.now();
    this.#emit({ type: 'checkpoint', step: this.#step, file, name });
  }

  #notFinite(what: string, metric: string, value: number, iteration: number): TrainError {
    const message = `${what} gave ${metric} = ${value} at iteration ${iteration}: ${DIVERGED}`;
    return new TrainError('not-finite', message, { metric, iteration });
  }
}

type Outputs = Readonly<Record<string, Tensor>>;

/** The first number of a graph's outputs that is not right. */
function firstWrong(
  outputs: Outputs,
  right: (value: number) => boolean,
): { readonly output: string; readonly value: number } | undefined {
  for (const [output, { type, data }] of Object.entries(outputs)) {
    if (type !== 'float32') continue;
    for (const value of data as Float32Array) if (!right(value)) return { output, value };
  }
  return undefined;
}

function trainingBatches(
  { recipe, data, batchSize, identity }: LoopOptions,
  position?: BatchPosition,
): TrainingBatches {
  return new TrainingBatches(data.splits.train, {
    batchSize,
    seed: identity.seed,
    group: batchesPerIteration(recipe, identity.options),
    shuffle: identity.options.shuffle !== false,
    augment: augmentations(recipe.batch(identity.options)),
    ...(position && { position }),
  });
}

function timesOf(step: Step, options: OptionValues): number {
  return step.times?.(options) ?? 1;
}

/** One for all steps, and one for every further time that a step runs. */
export function batchesPerIteration({ steps }: Recipe, options: OptionValues): number {
  return Object.values(steps).reduce((sum, step) => sum + timesOf(step, options) - 1, 1);
}
