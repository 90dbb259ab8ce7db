import type { TrainingBatches } from '../data/batches.js';
import { watchedBy } from '../kinds/monitor.js';
import { Meter } from '../metrics/meter.js';
import { learningRateFactor } from '../options/training.js';
import type { SnapshotSchedule } from '../recipe/recipe.js';
import type { CheckpointName, Progress } from '../run/checkpoint.js';
import { saveCheckpoint } from '../run/checkpoint.js';
import type { TrainEvent } from './events.js';
import { ModelChecks, type Moment } from './model-checks.js';
import { notFinite } from './not-finite.js';
import { Pace } from './pace.js';
import { batchesPerIteration, type TrainingParts, timesOf, trainingBatches } from './training-parts.js';

/** Training from where it stands to its end: iterations, validation, log, snapshots, checkpoints. */
export class TrainingLoop {
  readonly #options: TrainingParts;
  readonly #batches: TrainingBatches;
  readonly #batchesPerStep: number;
  readonly #schedule: SnapshotSchedule;
  readonly #line: Meter;
  readonly #epoch: Meter;
  readonly #pace: Pace;
  readonly #checks: ModelChecks;
  #iteration: number;
  #seconds: number;
  #clock = performance.now();
  #lastCheckpoint = performance.now();
  #lastTrain: Readonly<Record<string, number>> = {};
  #lastValidation: Readonly<Record<string, number>> = {};

  /** Ready to begin, or to go on from a checkpoint whose arrays the engine holds already. */
  constructor(options: TrainingParts, from?: Progress) {
    const { identity, recipe } = options;
    this.#options = options;
    this.#batches = trainingBatches(options, from?.position);
    this.#batchesPerStep = batchesPerIteration(recipe, identity.options);
    this.#schedule = recipe.snapshots(identity.options);
    this.#line = new Meter(from?.meters.line);
    this.#epoch = new Meter(from?.meters.epoch);
    this.#pace = new Pace(this.stepsPerEpoch);
    this.#checks = new ModelChecks(options, (event) => this.#emit(event));
    this.#iteration = from?.step ?? 0;
    this.#seconds = from?.seconds ?? 0;
  }

  /** Iterations done. */
  get step(): number {
    return this.#iteration;
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
    if (this.#iteration === 0) {
      if (watchedBy(this.#options.recipe)) await this.#validate();
      if (this.#schedule.atSteps?.includes(0)) await this.#checks.snapshot(this.#now());
      await this.#keepBest();
      // At once, so that a run that is killed early can be resumed too.
      await this.#checkpoint();
    }
    while (this.#iteration < this.steps && !callbacks.stopped && !signal?.aborted) await this.#iterate();
    const finished = this.#iteration >= this.steps || callbacks.stopped !== undefined;
    if (finished) await this.#checks.settle(this.#now());
    if (finished && !this.#snapshotDue()) await this.#checks.snapshot(this.#now());
    if (finished) await this.#checks.checkModel(this.#now());
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
          if (!Number.isFinite(value)) throw notFinite(`step '${name}'`, metric, value, this.#iteration + 1);
          meter.add({ [`${name}/${metric}`]: value });
        }
      }
    }
    const metrics = meter.take();
    this.#iteration++;
    this.#line.add(metrics);
    this.#epoch.add(metrics);
    this.#tick();
    this.#pace.add(this.#iteration);
    const { step, steps } = this;
    const { msPerStep } = this.#pace;
    const etaSeconds = this.#pace.secondsLeft(step, steps);
    this.#emit({ type: 'step', step, steps, epoch: epoch + 1, epochs, metrics, msPerStep, etaSeconds });

    const epochDone = this.#batches.position().index === 0;
    const last = this.#iteration === steps || callbacks.stopped !== undefined;
    if (this.#iteration % logEvery === 0 || epochDone || last) await this.#logTrain();
    if (epochDone) await this.#endEpoch(epoch + 1);
    if (this.#snapshotDue()) await this.#checks.snapshot(this.#now());
    const late = performance.now() - this.#lastCheckpoint > 1000 * checkpointSeconds;
    const kept = await this.#keepBest();
    if (epochDone || late || kept) await this.#checkpoint();
  }

  /** Writes the checkpoint that a callback asked for; the last one, which tells of it, must follow. */
  async #keepBest(): Promise<boolean> {
    const best = this.#options.callbacks.takeBest(this.#iteration, this.#epochsDone());
    if (best) await this.#checkpoint('best');
    return best !== undefined;
  }

  /** To the listener first, then to the callbacks, which decide by it. */
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
    return this.#iteration / this.stepsPerEpoch;
  }

  async #logTrain(): Promise<void> {
    const metrics = this.#line.take();
    this.#lastTrain = metrics;
    await this.#options.logs.append({ kind: 'train', step: this.#iteration, epoch: this.#epochsDone(), metrics });
  }

  async #endEpoch(epoch: number): Promise<void> {
    const { epochs } = this.#options;
    const train = this.#epoch.take();
    const validation = await this.#validate();
    this.#emit({ type: 'epoch', epoch, epochs, step: this.#iteration, train, validation });
  }

  async #validate(): Promise<Readonly<Record<string, number>>> {
    const metrics = await this.#checks.validate(this.#now());
    if (metrics === undefined) return {};
    this.#lastValidation = metrics;
    return metrics;
  }

  #now(): Moment {
    return { iteration: this.#iteration, epochs: this.#epochsDone() };
  }

  #snapshotDue(): boolean {
    const { everySteps, atSteps = [], atEpochs = [] } = this.#schedule;
    const every = everySteps !== undefined && this.#iteration > 0 && this.#iteration % everySteps === 0;
    return every || atSteps.includes(this.#iteration) || atEpochs.includes(this.#epochsDone());
  }

  async #checkpoint(name: CheckpointName = 'last'): Promise<void> {
    const { engine, folder, lock, logs, callbacks, identity, stepRandom } = this.#options;
    this.#tick();
    lock.requireHeld();
    const progress = {
      ...identity,
      step: this.#iteration,
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
    this.#emit({ type: 'checkpoint', step: this.#iteration, file, name });
  }
}
