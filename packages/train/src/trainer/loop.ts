import type { Random } from '@onnx-forge/infer';
import { type BatchPosition, TrainingBatches } from '../data/batches.js';
import type { DataSet } from '../data/data-set.js';
import { subset } from '../data/fields.js';
import type { Engine } from '../engine/engine.js';
import { DIVERGED, TrainError } from '../errors.js';
import type { GraphRunner } from '../kinds/graph.js';
import type { Served } from '../kinds/served.js';
import { MetricsLog } from '../metrics/log.js';
import { Meter } from '../metrics/meter.js';
import type { OptionValues } from '../options/option.js';
import { learningRateFactor } from '../options/training.js';
import { augmentations } from '../recipe/inputs.js';
import type { Recipe, SnapshotSchedule, Step } from '../recipe/recipe.js';
import type { Progress, RunIdentity } from '../run/checkpoint.js';
import { saveCheckpoint } from '../run/checkpoint.js';
import type { RunFolder } from '../run/folder.js';
import { CurrentGraphs } from '../run/graphs.js';
import type { RunLock } from '../run/lock.js';
import { saveSnapshot } from '../run/snapshots.js';
import type { OnEvent } from './events.js';

/** Images in a snapshot: 8 rows of 8. */
const SNAPSHOT_COUNT = 64;
/** Validation examples that a model is tried on after its last update. */
const CHECKED_EXAMPLES = 256;

export interface LoopOptions {
  readonly folder: RunFolder;
  readonly lock: RunLock;
  readonly identity: RunIdentity;
  readonly recipe: Recipe;
  readonly served: Served;
  readonly engine: Engine;
  /** With the recipe's inputs as fields. */
  readonly data: DataSet;
  readonly batchSize: number;
  readonly epochs: number;
  readonly maxSteps: number;
  /** The run's seed, for everything but the steps. */
  readonly random: Random;
  /** Source of random numbers for the engine. */
  readonly stepRandom: Random;
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
  readonly #log: MetricsLog;
  readonly #line: Meter;
  readonly #epoch: Meter;
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

  private constructor(options: LoopOptions, batches: TrainingBatches, log: MetricsLog, from: Progress | undefined) {
    const { identity, recipe } = options;
    this.#options = options;
    this.#batches = batches;
    this.#batchesPerStep = batchesPerIteration(recipe, identity.options);
    this.#log = log;
    this.#schedule = recipe.snapshots(identity.options);
    this.#line = new Meter(from?.meters.line);
    this.#epoch = new Meter(from?.meters.epoch);
    this.#step = from?.step ?? 0;
    this.#seconds = from?.seconds ?? 0;
  }

  /** Ready to begin, or to go on from a checkpoint whose arrays the engine holds already. */
  static async open(options: LoopOptions, from?: Progress): Promise<TrainingLoop> {
    const batches = trainingBatches(options, from?.position);
    const { folder, onEvent } = options;
    const onNotice = (text: string) => onEvent({ type: 'notice', text });
    const log = await MetricsLog.open(folder.file('log'), from?.logBytes ?? 0, onNotice);
    return new TrainingLoop(options, batches, log, from);
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
    try {
      this.#tick();
      if (this.#step === 0) {
        if (this.#options.recipe.monitor) await this.#validate(0);
        if (this.#schedule.atSteps?.includes(0)) await this.#snapshot();
        // At once, so that a run that is killed early can be resumed too.
        await this.#checkpoint();
      }
      while (this.#step < this.steps) {
        if (this.#options.signal?.aborted) break;
        await this.#iterate();
      }
      const finished = this.#step >= this.steps;
      if (finished) await this.#settle();
      if (finished && !this.#snapshotDue()) await this.#snapshot();
      if (finished) await this.#checkModel();
      await this.#checkpoint();
      return finished ? 'finished' : 'interrupted';
    } finally {
      await this.#log.close();
    }
  }

  async #iterate(): Promise<void> {
    const { onEvent, epochs, engine, recipe, identity, logEvery, checkpointSeconds } = this.#options;
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
    const ms = this.#tick();
    const etaSeconds = ((this.steps - this.#step) * this.#pace(ms)) / 1000;
    const { step, steps } = this;
    onEvent({ type: 'step', step, steps, epoch: epoch + 1, epochs, metrics, msPerStep: this.#pace(), etaSeconds });

    const epochDone = this.#batches.position().index === 0;
    if (this.#step % logEvery === 0 || epochDone || this.#step === steps) await this.#logTrain();
    if (epochDone) await this.#endEpoch(epoch + 1);
    if (this.#snapshotDue()) await this.#snapshot();
    const late = performance.now() - this.#lastCheckpoint > 1000 * checkpointSeconds;
    if (epochDone || late) await this.#checkpoint();
  }

  #msPerStep = Number.NaN;

  /** A running mean of the time of an iteration; with `ms` it takes in one more. */
  #pace(ms?: number): number {
    if (ms !== undefined) this.#msPerStep = Number.isNaN(this.#msPerStep) ? ms : 0.95 * this.#msPerStep + 0.05 * ms;
    return this.#msPerStep;
  }

  /** Counts the time since the last call as training; gives it in ms. */
  #tick(): number {
    const now = performance.now();
    const ms = now - this.#clock;
    this.#clock = now;
    this.#seconds += ms / 1000;
    return ms;
  }

  /** Epochs done, with the part of the one under way. */
  #epochsDone(): number {
    return this.#step / this.stepsPerEpoch;
  }

  async #logTrain(): Promise<void> {
    const metrics = this.#line.take();
    this.#lastTrain = metrics;
    await this.#log.append({ kind: 'train', step: this.#step, epoch: this.#epochsDone(), metrics });
  }

  async #endEpoch(epoch: number): Promise<void> {
    const { onEvent, epochs } = this.#options;
    const train = this.#epoch.take();
    const validation = await this.#validate(epoch);
    onEvent({ type: 'epoch', epoch, epochs, step: this.#step, train, validation });
  }

  async #validate(epoch: number): Promise<Readonly<Record<string, number>>> {
    const { served, recipe, identity, data, random } = this.#options;
    if (!served.validate && !recipe.monitor) return {};
    await this.#settle();
    await using graphs = await this.#currentGraphs();
    // The same noise after every epoch: differences are the model's.
    const validation = await served.validate?.(graphs, data.splits.validation, random.fork('validation'));
    const watched = await recipe.monitor?.(graphs, data, random.fork('monitor'), identity.options);
    const metrics = { ...validation, ...watched };
    this.#validated = this.#step;
    this.#requireFinite('validation', metrics);
    await this.#log.append({ kind: 'validation', step: this.#step, epoch, metrics });
    this.#lastValidation = metrics;
    return metrics;
  }

  /** The loss of the last iteration is that of the weights before it: those after it must give finite numbers, too. */
  async #checkModel(): Promise<void> {
    const { served, data, random } = this.#options;
    if (!served.validate || this.#validated === this.#step) return;
    await using graphs = await this.#currentGraphs();
    const { validation } = data.splits;
    const checked: GraphRunner = {
      run: async (name, feeds) => {
        const outputs = await graphs.run(name, feeds);
        for (const [output, { data }] of Object.entries(outputs)) {
          const wrong = (data as Float32Array).find((value) => !Number.isFinite(value));
          if (wrong !== undefined) throw this.#notFinite(`the trained model's '${name}'`, output, wrong, this.#step);
        }
        return outputs;
      },
    };
    const some = subset(validation, 0, Math.min(validation.size, CHECKED_EXAMPLES));
    await served.validate(checked, some, random.fork('validation'));
  }

  #requireFinite(what: string, metrics: Readonly<Record<string, number>>): void {
    for (const [metric, value] of Object.entries(metrics)) {
      if (!Number.isFinite(value)) throw this.#notFinite(what, metric, value, this.#step);
    }
  }

  async #settle(): Promise<void> {
    const { served } = this.#options;
    if (!served.settle || this.#settled === this.#step) return;
    await using graphs = await this.#currentGraphs();
    await served.settle(graphs, trainingBatches(this.#options).restOfEpoch());
    this.#settled = this.#step;
  }

  #snapshotDue(): boolean {
    const { everySteps, atSteps = [], atEpochs = [] } = this.#schedule;
    const every = everySteps !== undefined && this.#step > 0 && this.#step % everySteps === 0;
    return every || atSteps.includes(this.#step) || atEpochs.includes(this.#epochsDone());
  }

  async #snapshot(): Promise<void> {
    const { served, random, folder, onEvent } = this.#options;
    if (!served.snapshot) return;
    await using graphs = await this.#currentGraphs();
    const images = await served.snapshot(graphs, random.fork('snapshot'), SNAPSHOT_COUNT);
    const wrong = images.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw this.#notFinite('a sample of the model', 'pixel', wrong, this.#step);
    const snapshot = { step: this.#step, epoch: this.#epochsDone(), count: SNAPSHOT_COUNT, images };
    const file = await saveSnapshot(folder, snapshot);
    onEvent({ type: 'snapshot', step: this.#step, file });
  }

  async #currentGraphs(): Promise<CurrentGraphs> {
    await this.#options.engine.writeBack();
    return new CurrentGraphs(this.#options.served.graphs, this.#exportedGraphs);
  }

  async #checkpoint(): Promise<void> {
    const { engine, folder, lock, identity, stepRandom, onEvent } = this.#options;
    this.#tick();
    lock.requireHeld();
    await this.#log.flush();
    const file = await saveCheckpoint(folder.path, {
      ...identity,
      step: this.#step,
      position: this.#batches.position(),
      random: stepRandom.state(),
      logBytes: this.#log.bytes,
      meters: { line: this.#line.state(), epoch: this.#epoch.state() },
      seconds: this.#seconds,
      steps: this.steps,
      state: await engine.state(),
    });
    this.#lastCheckpoint = performance.now();
    onEvent({ type: 'checkpoint', step: this.#step, file });
  }

  #notFinite(what: string, metric: string, value: number, iteration: number): TrainError {
    const message = `${what} gave ${metric} = ${value} at iteration ${iteration}: ${DIVERGED}`;
    return new TrainError('not-finite', message, { metric, iteration });
  }
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
function batchesPerIteration({ steps }: Recipe, options: OptionValues): number {
  return Object.values(steps).reduce((sum, step) => sum + timesOf(step, options) - 1, 1);
}
